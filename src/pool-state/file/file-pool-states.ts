// The pool states in the platform's own file, `.container-pool-state.json`, for one host.
// I4: what cannot be read whole is unknown, and is never written over. I5: one writer at a time, and
// each change only behind its caller's fence, checked inside the lock. All changes that wait go out in
// one write: one lock, one read, one fsync, one rename.

import { hostname } from 'node:os';
import { ok, type SourceAnswer, unknown } from '../../domain/source.ts';
import { createMutationQueue } from '../mutation-queue.ts';
import type { PoolState } from '../pool-state.ts';
import { unchanged } from './pool-file-errors.ts';
import { createPoolFileReader } from './pool-file-reader.ts';
import { createPoolFileWriter, type PoolFileCounts, type PoolFileLog } from './pool-file-writer.ts';
import { createReadSharing } from './read-sharing.ts';

export type FilePoolStates = ReturnType<typeof createFilePoolStates>;

export interface FilePoolStatesDeps {
  readonly file: string;
  readonly now: () => Date;
  /** Longest wait for the lock. */
  readonly lockTimeoutMs?: number;
  readonly log?: PoolFileLog;
  /** The name of this host: processes that give the same name must share one kernel. */
  readonly host?: string;
}

export function createFilePoolStates(deps: FilePoolStatesDeps) {
  const { file, now, log, host = hostname(), lockTimeoutMs = LOCK_TIMEOUT_MS } = deps;
  const reader = createPoolFileReader(file);
  const readShared = createReadSharing(() => reader.read());
  const queue = createMutationQueue(writeNext);
  const writer = createPoolFileWriter({ file, reader, now, lockTimeoutMs, host, log });

  async function read({ signal }: { readonly signal: AbortSignal }) {
    // Taken before the read, so that it is never later than what was read.
    const observedAt = now();
    const answer = await readShared(signal);
    if (answer.status === 'unknown') return unknown(`pool state ${file}: ${answer.reason}`);
    const found: SourceAnswer<PoolState> = ok(answer.snapshot.state, observedAt);
    return found;
  }

  async function writeNext(): Promise<void> {
    try {
      await writer.writeWaiting(queue);
    } catch (err) {
      queue.rejectAll(unchanged(file, 'locking the pool state', err));
    }
  }

  return {
    read,
    mutate: queue.add,
    counts: (): PoolFileCounts => writer.counts(),
    /** Reading still works afterwards. */
    close: queue.close,
  };
}

/** A write takes milliseconds, with thousands of bots a tenth of a second. Below STOP_TIMEOUT_MS, so
 * that a saga learns of a held lock while it can still decide. */
const LOCK_TIMEOUT_MS = 10_000;
