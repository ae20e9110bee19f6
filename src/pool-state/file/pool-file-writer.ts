// One batch at a time into the pool state file: lock, fences, write, unlock. Made when the first
// change comes, because only then must the file be there.

import { randomUUID } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { SagaError } from '@reclaim/saga';
import { passFences } from '../fences.ts';
import type { MutationQueue, PendingMutation } from '../mutation-queue.ts';
import { type CommitDeps, commitBatch } from './pool-file-commit.ts';
import { unchanged, unreadable } from './pool-file-errors.ts';
import { createPoolFileLock } from './pool-file-lock.ts';
import { explain, type PoolFileReader } from './pool-file-reader.ts';
import { removeLeftovers } from './pool-file-replacement.ts';

/** Since the start; for metrics. */
export interface PoolFileCounts {
  /** Times the file was replaced. */
  readonly renames: number;
  /** Writes done again because the platform wrote at the same time. */
  readonly redone: number;
  /** Times the lock was taken after its holder had died with it in hand. */
  readonly deadHolders: number;
}

export interface PoolFileLog {
  warn(facts: Readonly<Record<string, unknown>>, message: string): void;
  error(facts: Readonly<Record<string, unknown>>, message: string): void;
}

export interface PoolFileWriterDeps {
  readonly file: string;
  readonly reader: PoolFileReader;
  readonly now: () => Date;
  readonly lockTimeoutMs: number;
  readonly host: string;
  readonly log: PoolFileLog | undefined;
}

export type PoolFileWriter = Awaited<ReturnType<typeof createPoolFileWriter>>;

/** @throws UnavailableError POOL_STATE_UNREADABLE when the file is not there. */
export async function createPoolFileWriter(deps: PoolFileWriterDeps) {
  const { log, reader, now } = deps;
  // Under every configured name of the file, its lock and its temporary files are beside the file itself.
  const file = await realpath(deps.file).catch((err: unknown) => {
    throw unreadable(deps.file, explain(err));
  });
  const token = randomUUID();
  let renames = 0;
  let redone = 0;
  let deadHolders = 0;
  let isTidy = false;
  const lock = createPoolFileLock({
    file,
    host: deps.host,
    timeoutMs: deps.lockTimeoutMs,
    onDeath: () => {
      deadHolders += 1;
      isTidy = false;
      log?.warn({ file }, 'pool state lock taken after the death of its holder');
    },
    onForeign: (holder, holderPath) =>
      log?.error({ file, holderPath, holder }, 'pool state locked by another host'),
  });

  const commit: CommitDeps = {
    file,
    token,
    reader,
    now,
    isLockHeld: lock.isHeld,
    onRenamed: () => {
      renames += 1;
    },
    onRedone: (status) => {
      redone += 1;
      log?.warn({ file, status }, 'pool state was written by the platform meanwhile');
    },
  };

  async function writeWaiting(queue: MutationQueue): Promise<void> {
    if (!(await lock.acquire(() => queue.size() > 0))) return;
    const batch = queue.take();
    try {
      await tidyAfterDeaths();
      const fenced = await passFences(batch);
      if (fenced.length > 0) await commitBatch(commit, fenced);
    } catch (err) {
      rejectAll(batch, err);
    } finally {
      lock.release();
    }
  }

  function rejectAll(batch: readonly PendingMutation[], err: unknown): void {
    const reason = err instanceof SagaError ? err : unchanged(file, 'changing the pool state', err);
    for (const pending of batch) pending.reject(reason);
  }

  /** Once at the start and after each death: only a death leaves a temporary file behind. */
  async function tidyAfterDeaths(): Promise<void> {
    if (isTidy) return;
    isTidy = true;
    // A temporary file that cannot be removed blocks nothing: it is reported, and the work continues.
    await removeLeftovers(file).catch((err: unknown) =>
      log?.warn({ file, err }, 'leftovers beside the pool state not removed'),
    );
  }

  return {
    /** Waits for the lock and writes what then waits in the queue, deciding each of it.
     * @throws when the lock cannot be had; then everything still waits. */
    writeWaiting,
    counts: (): PoolFileCounts => ({ renames, redone, deadHolders }),
  };
}
