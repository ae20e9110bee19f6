// What may be a bot that was not found: a program that nobody can tell the bot of, a container that was renamed.

import { InDoubtError } from '@reclaim/saga';
import type { BotQuery, ObservedBot } from '../../domain/bot.ts';
import { mayBeRenamed } from '../../domain/renamed.ts';
import { strangersIn, type WorldDocument } from './world-documents.ts';

/** As beside a real supervisord: such a program may be the bot that was not found. @throws InDoubtError
 * @param captured what the bot was once seen as: where its programs are known, others are not its. */
export function refuseStrangers(
  observedBots: readonly ObservedBot[],
  met: readonly WorldDocument[],
  captured?: ObservedBot,
): void {
  const isKnown = (observedBot: ObservedBot) =>
    observedBot.kind === 'dedicated' ||
    observedBot.conf === 'aside' ||
    observedBot.programs.length > 0;
  for (const pool of met) {
    if (pool.kind !== 'pool') continue;
    const doubt = strangersIn(pool);
    const isHere = ({ containerName }: ObservedBot) => containerName === pool.containerName;
    const observed = captured === undefined ? observedBots : [...observedBots, captured];
    if (doubt === null || observed.filter(isHere).some(isKnown)) continue;
    throw new InDoubtError('PROGRAM_UNMATCHED', doubt);
  }
}

/** @throws InDoubtError for a container whose name still holds the bot's. */
export function refuseRenamed(
  met: readonly WorldDocument[],
  { instanceId, knownIds = [] }: BotQuery,
): void {
  for (const one of met) {
    if (one.kind !== 'dedicated' || knownIds.includes(one.containerId)) continue;
    if (!mayBeRenamed(one.containerName, instanceId)) continue;
    const message = `${one.containerName} may be it under another name`;
    throw new InDoubtError('CONTAINER_RENAMED', message);
  }
}
