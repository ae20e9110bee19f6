// How long after an outage the sagas that were open at its end take to come to rest (I10).

import type { Connection } from 'mongoose';
import { pause } from '../../src/saga/deadline.ts';
import { insist } from '../insist.ts';

export interface Recovery {
  readonly outage: string;
  readonly ms: number;
  readonly sagas: number;
  /** Those that had not come to rest when the watch was given up. */
  readonly left: number;
}

const GIVE_UP_MS = 20_000;
const LOOK_EVERY_MS = 50;
/** Waits for the runs of its users, which wait for other things. */
const NOT_WATCHED = ['sync-all'];
const WORKING = { open: true, 'state.phase': { $ne: 'stuck' }, kind: { $nin: NOT_WATCHED } };

export async function measureRecovery(
  connection: Connection,
  outage: string,
  signal: AbortSignal,
): Promise<Recovery> {
  const backMs = performance.now();
  const sagas = connection.collection<{ _id: string }>('sagas');
  const open = await insist(() => sagas.find(WORKING).project({ _id: 1 }).toArray());
  // One that came to rest is through, even if a person sends it on afterwards.
  let left = open.map(({ _id }) => _id);
  while (left.length > 0 && !signal.aborted && performance.now() - backMs < GIVE_UP_MS) {
    await pause(LOOK_EVERY_MS, signal);
    const rest = { _id: { $in: left }, ...WORKING };
    left = (await insist(() => sagas.find(rest).project({ _id: 1 }).toArray())).map(
      ({ _id }) => _id,
    );
  }
  const ms = Math.round(performance.now() - backMs);
  return { outage, ms, sagas: open.length, left: left.length };
}
