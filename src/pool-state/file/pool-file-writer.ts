// One batch at a time into the pool state file: lock, fences, write, unlock.

import { randomUUID } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { SagaError } from '@reclaim/saga';
import { passFences } from '../fences.ts';
import type { MutationQueue, PendingMutation } from '../mutation-queue.ts';
import { type CommitDeps, commitBatch } from './pool-file-commit.ts';
import { unchanged, unreadable } from './pool-file-errors.ts';
import { createPoolFileLock, type PoolFileLock } from './pool-file-lock.ts';
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

/** The file that the configured name leads to, and its lock. */
interface Place {
  readonly file: string;
  readonly lock: PoolFileLock;
  readonly commit: CommitDeps;
  isTidy: boolean;
}

export function createPoolFileWriter(deps: PoolFileWriterDeps) {
  const { log, reader, now } = deps;
  const token = randomUUID();
  let renames = 0;
  let redone = 0;
  let deadHolders = 0;
  let place: Place | null = null;

  function placeAt(file: string): Place {
    const lock = createPoolFileLock({
      file,
      host: deps.host,
      timeoutMs: deps.lockTimeoutMs,
      onDeath: () => {
        deadHolders += 1;
        found.isTidy = false;
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
    const found: Place = { file, lock, commit, isTidy: false };
    return found;
  }

  async function writeWaiting(queue: MutationQueue): Promise<void> {
    const file = await resolveFile(deps.file);
    if (place?.file !== file) place = placeAt(file);
    const { lock } = place;
    if (!(await lock.acquire(() => queue.size() > 0))) return;
    try {
      // A link in its name leads elsewhere by now: what waits goes there, behind that file's own lock.
      if ((await resolveFile(deps.file)) !== file) return;
      await writeBatch(place, queue.take());
    } finally {
      lock.release();
    }
  }

  async function writeBatch(at: Place, batch: readonly PendingMutation[]): Promise<void> {
    try {
      await tidyAfterDeaths(at);
      const fenced = await passFences(batch);
      if (fenced.length > 0) await commitBatch(at.commit, fenced);
    } catch (err) {
      const reason =
        err instanceof SagaError ? err : unchanged(at.file, 'changing the pool state', err);
      for (const pending of batch) pending.reject(reason);
    }
  }

  /** Once at the start and after each death: only a death leaves a temporary file behind. */
  async function tidyAfterDeaths(at: Place): Promise<void> {
    if (at.isTidy) return;
    at.isTidy = true;
    const { file } = at;
    // A temporary file that cannot be removed blocks nothing: it is reported, and the work continues.
    await removeLeftovers(file).catch((err: unknown) =>
      log?.warn({ file, err }, 'leftovers beside the pool state not removed'),
    );
  }

  return {
    /** Waits for the lock and writes what then waits in the queue, deciding each of it.
     * @throws UnavailableError POOL_STATE_UNREADABLE when the file is not there, or when the lock cannot be had; then
     * everything still waits. */
    writeWaiting,
    counts: (): PoolFileCounts => ({ renames, redone, deadHolders }),
  };
}

// Anew each time: a release of the platform may move a link in the name, and what is written to the old file nobody
// reads. Under every configured name of the file, its lock and its temporary files are beside the file itself.
function resolveFile(configured: string): Promise<string> {
  return realpath(configured).catch((err: unknown) => {
    throw unreadable(configured, explain(err));
  });
}
