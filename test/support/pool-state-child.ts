// A process of its own that works on a pool state, started by the tests. Talks by IPC: it sends
// `holding` when it has the lock, `done` or the error's code at the end.
// Arguments: what to do, the file or the database's address, and how often.

import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { connectMongo } from '../../src/infra/mongodb/connect.ts';
import { createFilePoolStates } from '../../src/pool-state/file/file-pool-states.ts';
import { createMongoPoolStates } from '../../src/pool-state/mongodb/mongo-pool-states.ts';
import type { PoolState } from '../../src/pool-state/pool-state.ts';

const [deed, file, times] = process.argv.slice(2);
if (file === undefined) throw new Error('no file given');
const now = () => new Date();
const db = file.startsWith('mongodb:') ? await connectMongo(file) : null;
const states =
  db === null
    ? createFilePoolStates({ file, now, lockTimeoutMs: 60_000 })
    : createMongoPoolStates({ db, now });

const deeds: Readonly<Record<string, () => Promise<unknown>>> = {
  count: () => count(Number(times)),
  hold: () => mutate(hold),
  platform: () => actAsPlatform(file),
};

try {
  await deeds[deed ?? '']?.();
  await states.close();
  await db?.client.close();
  process.send?.('done');
} catch (err) {
  process.send?.(err instanceof Error && 'code' in err ? err.code : String(err));
}
process.disconnect?.();

async function count(left: number): Promise<void> {
  for (let i = 0; i < left; i += 4) await Promise.all([1, 2, 3, 4].map(() => mutate(noFence)));
}

function mutate(fence: () => Promise<void>) {
  const change = (s: PoolState) => ({ ...s, nextPoolId: (s.nextPoolId ?? 0) + 1 });
  return states.mutate({ change, fence, signal: AbortSignal.timeout(60_000) });
}

async function noFence(): Promise<void> {}

/** Inside the lock: says so and stays until it is told to go on. */
async function hold(): Promise<void> {
  const told = once(process, 'message');
  process.send?.('holding');
  await told;
}

/** Rewrites the whole file in place, without lock or rename, in bursts, until it is told to end.
 * What it wrote last must be there when it comes again: at once, or, where its write fell into the
 * moment of a replacement, as soon as that has been done again. */
async function actAsPlatform(path: string): Promise<void> {
  let isOver = false;
  process.once('message', () => {
    isOver = true;
  });
  let beats = 0;
  process.send?.('holding');
  while (!isOver) {
    const state = await readWithBeats(path, beats);
    beats += 1;
    writeFileSync(path, JSON.stringify({ ...state, beats }, null, 2));
    await pause(beats % 8 === 0 ? 150 : 7);
  }
  await readWithBeats(path, beats);
}

async function readWithBeats(path: string, beats: number): Promise<object> {
  const end = performance.now() + 5_000;
  for (;;) {
    const state = JSON.parse(readFileSync(path, 'utf8'));
    if ((state.beats ?? 0) === beats) return state;
    if (performance.now() > end) throw new Error(`lost: ${beats} became ${state.beats}`);
    await pause(2);
  }
}
