// The pool state file with the lock that everybody writes first: a file that counts as left behind when it is old, and
// that whoever is done removes, whosever it is.

import { open, readFile, stat, unlink, writeFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { ok } from '../../../src/domain/source.ts';
import type { PoolState } from '../../../src/pool-state/pool-state.ts';
import type { PoolStates } from '../../../src/pool-state/pool-states.ts';

const OLD_MS = 10_000;
const POLL_MS = 5;

export function createNaivePoolStates(file: string): PoolStates {
  const lock = `${file}.lock`;
  const parse = async (): Promise<PoolState> => JSON.parse(await readFile(file, 'utf8'));
  return {
    read: async () => ok(await parse(), new Date()),
    mutate: async ({ change, fence, signal }) => {
      while (!(await take(lock))) await pause(POLL_MS, undefined, { signal });
      try {
        const before = await parse();
        await fence();
        const state = change(before);
        await writeFile(file, JSON.stringify(state));
        return { state, changed: state !== before };
      } finally {
        await unlink(lock).catch(() => undefined);
      }
    },
  };
}

async function take(lock: string): Promise<boolean> {
  try {
    await (await open(lock, 'wx')).close();
    return true;
  } catch {
    const age = await stat(lock).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    if (age > OLD_MS) await unlink(lock).catch(() => undefined);
    return false;
  }
}
