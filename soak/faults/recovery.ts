// How long after an outage the sagas that were open at its end take to move again, and to come to rest (I10). The
// first is the engine's: leases that run out, wake-ups that are made again. The second has their own work in it, and
// whatever their bots do.

import { pause } from '@reclaim/saga';
import type { Db } from 'mongodb';
import { insist } from '../insist.ts';

export interface Recovery {
  readonly outage: string;
  /** Until each of them had moved. */
  readonly movedMs: number;
  /** Until each of them had come to rest. */
  readonly ms: number;
  readonly sagas: number;
  /** Those that had not come to rest when the watch was given up. */
  readonly left: number;
  /** The last of them to move, and to come to rest. */
  readonly lastToMove: string | null;
  readonly lastToRest: string | null;
}

const GIVE_UP_MS = 20_000;
const CHECK_EVERY_MS = 50;
/** Waits for the runs of its users, which wait for other things. */
const NOT_WATCHED = ['sync-all'];
const WORKING = { open: true, 'state.phase': { $ne: 'stuck' }, kind: { $nin: NOT_WATCHED } };

export async function measureRecovery(
  db: Db,
  outage: string,
  signal: AbortSignal,
): Promise<Recovery> {
  const backMs = performance.now();
  const tookMs = () => Math.round(performance.now() - backMs);
  const first = await readOpen(db, {});
  let [left, still] = [first, first];
  let movedMs = tookMs();
  let [lastToMove, lastToRest] = [nameOf(first), nameOf(first)];
  while (left.size > 0 && !signal.aborted && tookMs() < GIVE_UP_MS) {
    await pause(CHECK_EVERY_MS, signal);
    // One that came to rest is through, even if a person sends it on afterwards.
    left = await readOpen(db, { _id: { $in: [...left.keys()] } });
    if (left.size > 0) lastToRest = nameOf(left);
    if (still.size === 0) continue;
    still = new Map([...still].filter(([id, revision]) => left.get(id) === revision));
    if (still.size > 0) lastToMove = nameOf(still);
    else movedMs = tookMs();
  }
  if (still.size > 0) movedMs = tookMs();
  const names = { lastToMove, lastToRest };
  return { outage, movedMs, ms: tookMs(), sagas: first.size, left: left.size, ...names };
}

/** Id to revision: every write raises it. */
async function readOpen(
  db: Db,
  filter: { readonly _id?: { readonly $in: string[] } },
): Promise<ReadonlyMap<string, number>> {
  const sagas = db.collection<{ _id: string }>('sagas');
  const open = await insist(() =>
    sagas
      .find({ ...filter, ...WORKING })
      .project({ revision: 1 })
      .toArray(),
  );
  return new Map(open.map(({ _id, revision }) => [String(_id), Number(revision)]));
}

function nameOf(sagas: ReadonlyMap<string, number>): string | null {
  return [...sagas.keys()][0] ?? null;
}
