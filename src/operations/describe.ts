// What a source holds of a bot, in a few words: for the observed and for the expected state alike, so that the
// two can be compared at a glance.

import { isUp, type ObservedBot } from '../domain/bot.ts';
import { formatMinor } from '../domain/money.ts';
import type { PoolEntry } from '../pool-state/pool-state.ts';

/** Dollars, as people write them; shown and never paid by. */
export function inDollars(value: number): string {
  return formatMinor(Math.round(value * 100));
}

export function describeEntry({ mapping, memberships }: PoolEntry): string {
  const listed = memberships.map(({ poolId }) => poolId);
  if (mapping === null) return `listed in ${listed.join(', ')}, without a mapping`;
  const { poolId, slotIndex, status } = mapping;
  const missing = listed.includes(poolId) ? '' : ', not in its list';
  return `${poolId} slot ${slotIndex}, ${status}${missing}`;
}

export function describeObservedBots(observedBots: readonly ObservedBot[]): string {
  return observedBots.length === 0
    ? 'no container'
    : observedBots.map(describeObservedBot).join('; ');
}

function describeObservedBot(observedBot: ObservedBot): string {
  const { containerName, host } = observedBot;
  if (observedBot.kind === 'dedicated') {
    const state = observedBot.paused ? 'paused' : isUp(observedBot) ? 'running' : 'stopped';
    return `${state}: ${containerName} on ${host}`;
  }
  const { program, poolRunning, conf } = observedBot;
  const state = poolRunning ? program.toLowerCase() : 'pool does not run';
  const note = conf === 'present' ? '' : `, conf ${conf}`;
  return `${state} in ${containerName} on ${host}${note}`;
}
