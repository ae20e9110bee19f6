// What Docker shows of the bot where it was put: one look at that host alone.

import type { BotsCall } from '../bots/bots.ts';
import type { Sighting } from '../domain/bot.ts';
import type { SourceAnswer } from '../domain/source.ts';
import type { ProvisionBotInput } from './provision-bot-input.ts';
import type { ProvisioningPorts } from './provisioning-ports.ts';
import type { Place } from './stored-values.ts';

/** Everything on the place's host that carries the bot's id. */
export function seeBot(
  { bots }: Pick<ProvisioningPorts, 'bots'>,
  { instanceId, firebaseUid, userId }: ProvisionBotInput,
  place: Place,
  call: BotsCall,
): Promise<SourceAnswer<readonly Sighting[]>> {
  const poolContainers = place.kind === 'pooled' ? [place.containerName] : [];
  const query = { instanceId, firebaseUid, userId, poolContainers, dockerHost: place.host };
  return bots.locate(query, call);
}

/** Whether this is the bot that was to be started there. */
export function isAt(place: Place, sighting: Sighting): boolean {
  if (place.kind === 'dedicated') return sighting.kind === 'dedicated';
  return sighting.kind === 'pooled' && sighting.containerName === place.containerName;
}
