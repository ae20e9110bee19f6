// New bots are numbered: `<firebaseUid>-bot-<n>`. A number that was ever observed is never given out again, because
// tombstones, ledger entries and data folders know a bot by its id.

import { type FirebaseUid, type InstanceId, parseNewInstanceId } from '../domain/ids.ts';
import type { PoolState } from './pool-state.ts';

/** Undefined for a firebaseUid that no new id can begin with, e.g. one with a dot. */
export function numberedBot(firebaseUid: FirebaseUid, n: number): InstanceId | undefined {
  return parseNewInstanceId(`${botPrefix(firebaseUid)}${n}`);
}

export function botPrefix(firebaseUid: string): string {
  return `${firebaseUid}-bot-`;
}

/** The format of a bot's number: more digits than this are not ours, and no JavaScript number. */
export const BOT_NUMBER = /^[0-9]{1,15}$/;

/** The highest number of this user's that the pool state knows; 0 where it knows none. */
export function highestInPools(state: PoolState, firebaseUid: FirebaseUid): number {
  const listed = Object.values(state.pools).flatMap(({ bots }) => bots);
  const prefix = botPrefix(firebaseUid);
  let highest = 0;
  for (const id of [...Object.keys(state.botMapping), ...listed]) {
    const digits = id.startsWith(prefix) ? id.slice(prefix.length) : '';
    if (BOT_NUMBER.test(digits)) highest = Math.max(highest, Number(digits));
  }
  return highest;
}
