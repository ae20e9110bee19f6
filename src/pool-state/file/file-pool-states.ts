// The pool states in the platform's own file, `.container-pool-state.json`, for one host.
// I4: what cannot be read whole is unknown, and is never written over. I5: one writer at a time, and
// each change only behind its caller's fence, checked inside the lock. All changes that wait go out in
// one write: one lock, one read, one fsync, one rename.

import { hostname } from 'node:os';
import { UnavailableError } from '@reclaim/saga';
import { ok, type SourceAnswer, unknown } from '../../domain/source.ts';
import { createMutationQueue } from '../mutation-queue.ts';
import type { PoolState } from '../pool-state.ts';
import type { PoolStates } from '../pool-states.ts';
import { unchanged } from './pool-file-errors.ts';
import { createPoolFileReader } from './pool-file-reader.ts';
import {
  createPoolFileWriter,
  type PoolFileCounts,
  type PoolFileLog,
  type PoolFileWriter,
} from './pool-file-writer.ts';
import { createReadSharing } from './read-sharing.ts';

export interface FilePoolStates extends PoolStates {
  counts(): PoolFileCounts;
  /** Ends the write under way and refuses what waits. Idempotent; reading still works. */
  close(): Promise<void>;
}

export interface FilePoolStatesDeps {
  readonly file: string;
  readonly now: () => Date;
  /** Longest wait for the lock. */
  readonly lockTimeoutMs?: number;
  readonly log?: PoolFileLog;
  /** The name of this host: processes that give the same name must share one kernel. */
  readonly host?: string;
}

export function createFilePoolStates(deps: FilePoolStatesDeps): FilePoolStates {
  const { file, now, log, host = hostname(), lockTimeoutMs = LOCK_TIMEOUT_MS } = deps;
  const reader = createPoolFileReader(file);
  const readShared = createReadSharing(() => reader.read());
  const queue = createMutationQueue(() => {
    writing ??= writeAll();
  });
  let writing: Promise<void> | null = null;
  let writer: PoolFileWriter | null = null;
  let isClosed = false;

  async function read({ signal }: { readonly signal: AbortSignal }) {
    // Taken before the read, so that it is never later than what was read.
    const observedAt = now();
    const answer = await readShared(signal);
    if (answer.status === 'unknown') return unknown(`pool state ${file}: ${answer.reason}`);
    const found: SourceAnswer<PoolState> = ok(answer.snapshot.state, observedAt);
    return found;
  }

  /** Runs while changes wait; every error ends in its callers, none leaves this function. */
  async function writeAll(): Promise<void> {
    while (queue.size() > 0) {
      try {
        writer ??= await createPoolFileWriter({ file, reader, now, lockTimeoutMs, host, log });
        await writer.writeWaiting(queue);
      } catch (err) {
        queue.rejectAll(unchanged(file, 'locking the pool state', err));
      }
    }
    writing = null;
  }

  async function close(): Promise<void> {
    isClosed = true;
    queue.rejectAll(closedError());
    await writing;
  }

  return {
    read,
    mutate: (mutation) => (isClosed ? Promise.reject(closedError()) : queue.add(mutation)),
    counts: () => writer?.counts() ?? { renames: 0, redone: 0, deadHolders: 0 },
    close,
  };
}

/** A write takes milliseconds, with thousands of bots a tenth of a second. Below STOP_TIMEOUT_MS, so
 * that a saga learns of a held lock while it can still decide. */
const LOCK_TIMEOUT_MS = 10_000;

function closedError(): UnavailableError {
  return new UnavailableError('POOL_STATE_CLOSED', 'this process is shutting down');
}
