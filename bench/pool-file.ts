// What the pool state file costs when many bots are deleted at once: the goal is that 50 parallel
// deletions in a file with 5,000 bots take less than a second together.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NO_USER, toFirebaseUid, toInstanceId } from '../src/domain/ids.ts';
import { createFilePoolStates } from '../src/pool-state/file/file-pool-states.ts';
import { takingOut } from '../src/pool-state/owned-entry.ts';
import { findEntry } from '../src/pool-state/pool-state.ts';
import { samplePoolState } from '../test/support/pool-state-samples.ts';
import type { Row } from './report.ts';

const BOTS = 5_000;
const DELETIONS = 50;

/** Each deletion reads its entry, takes the bot out, and reads again, as the saga does. */
export async function measurePoolFile(): Promise<readonly Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-pool-file-'));
  const file = join(folder, '.container-pool-state.json');
  const sample = samplePoolState(BOTS);
  await writeFile(file, JSON.stringify(sample, null, 2));
  const states = createFilePoolStates({ file, now: () => new Date() });
  const signal = new AbortController().signal;
  try {
    const begun = performance.now();
    await Promise.all(
      Object.values(sample.botMapping)
        .slice(-DELETIONS)
        .map(async ({ instanceId, userId }) => {
          if (!(await hasBot(instanceId))) throw new Error(`${instanceId} was not there`);
          const owner = { userId: NO_USER, firebaseUid: toFirebaseUid(userId) };
          const change = takingOut({
            instanceId: toInstanceId(instanceId),
            owner,
            since: new Date().toISOString(),
          });
          await states.mutate({ change, fence: noFence, signal });
          if (await hasBot(instanceId)) throw new Error(`${instanceId} is still there`);
        }),
    );
    const totalMs = performance.now() - begun;
    const what = `${DELETIONS} deletions in a file of ${BOTS} bots, ms`;
    return [['poolFile50DeletionsMs', totalMs, 1, what, '< 1000']];
  } finally {
    await states.close();
    await rm(folder, { recursive: true });
  }

  async function hasBot(instanceId: string): Promise<boolean> {
    const answer = await states.read({ signal });
    if (answer.status === 'unknown') throw new Error(answer.reason);
    return findEntry(answer.items, instanceId) !== null;
  }
}

async function noFence(): Promise<void> {}
