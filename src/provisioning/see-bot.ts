// What Docker shows of the bot where it was put: one observation, of that host alone.

import type { BotsCall } from '../bots/bots.ts';
import type { ObservedBot } from '../domain/bot.ts';
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
): Promise<SourceAnswer<readonly ObservedBot[]>> {
  const poolContainers = place.kind === 'pooled' ? [place.containerName] : [];
  const query = { instanceId, firebaseUid, userId, poolContainers, dockerHost: place.host };
  return bots.locate(query, call);
}

/** Whether this is the bot that was to be started there. */
export function isAt(place: Place, observedBot: ObservedBot): boolean {
  if (place.kind === 'dedicated') return observedBot.kind === 'dedicated';
  return observedBot.kind === 'pooled' && observedBot.containerName === place.containerName;
}
