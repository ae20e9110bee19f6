// A change of the database's schema beside other processes that may be making the same one.

import { pause } from '@reclaim/saga';
import { MongoServerError } from 'mongodb';

/** Two processes building at once; the loser finds the work done. */
const BUSY: ReadonlySet<unknown> = new Set([112, 117, 12_587]);
const MAX_ATTEMPTS = 20;
const BUSY_PAUSE_MS = 100;

/** Schema changes of two processes exclude each other: the second waits its turn. */
export async function whenFree<T>(change: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await change();
    } catch (error) {
      if (!BUSY.has(codeOf(error)) || attempt >= MAX_ATTEMPTS) throw error;
      await pause(BUSY_PAUSE_MS);
    }
  }
}

export function codeOf(error: unknown): unknown {
  return error instanceof MongoServerError ? error.code : undefined;
}
