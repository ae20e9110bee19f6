// The changes that wait for the pool state file, and how each of them ends. All that wait when the
// lock is had go out as one write; those that come meanwhile are the next one. A caller's end is
// decided once: by its write, by its own fence or change, or by its signal, whichever is first.

import { InDoubtError, UnavailableError } from '@reclaim/saga';
import type { PoolState } from './pool-state.ts';
import type { PoolMutation } from './pool-states.ts';

export interface MutationResult {
  readonly state: PoolState;
  readonly changed: boolean;
}

/** One caller's change on its way. */
export interface PendingMutation {
  readonly mutation: PoolMutation;
  /** False once it was decided; then it must not be begun. */
  isOpen(): boolean;
  /** From here on its change may land: giving up now is in doubt. */
  begin(): void;
  resolve(result: MutationResult): void;
  reject(error: unknown): void;
}

export type MutationQueue = ReturnType<typeof createMutationQueue>;

/** @param writeNext decides some of what waits; called again while anything waits, and never twice at once. It throws
 * nothing: every error ends in its callers. */
export function createMutationQueue(writeNext: () => Promise<void>) {
  const waiting = new Set<PendingMutation>();
  let writing: Promise<void> | null = null;
  let isClosed = false;

  async function writeAll(): Promise<void> {
    while (waiting.size > 0) await writeNext();
    writing = null;
  }

  function add(mutation: PoolMutation): Promise<MutationResult> {
    if (isClosed) return Promise.reject(closedError());
    if (waiting.size >= MAX_WAITING) {
      const message = `${MAX_WAITING} changes wait for the pool state already`;
      return Promise.reject(new UnavailableError('POOL_STATE_BUSY', message));
    }
    if (mutation.signal.aborted) return Promise.reject(givenUp(mutation.signal));
    const { promise, resolve, reject } = Promise.withResolvers<MutationResult>();
    waiting.add(createPending(mutation, { resolve, reject, leave: (p) => waiting.delete(p) }));
    writing ??= writeAll();
    return promise;
  }

  function take(): readonly PendingMutation[] {
    const taken = [...waiting].slice(0, MAX_TOGETHER);
    for (const pending of taken) waiting.delete(pending);
    return taken;
  }

  function rejectAll(error: unknown): void {
    for (const pending of waiting) pending.reject(error);
  }

  return {
    add,
    /** Hands over what waits, oldest first. */
    take,
    /** How many wait and have not been taken. */
    size: (): number => waiting.size,
    /** Rejects what waits. */
    rejectAll,
    /** Ends the write under way and refuses what waits. Idempotent. */
    close: async (): Promise<void> => {
      isClosed = true;
      rejectAll(closedError());
      await writing;
    },
  };
}

function closedError(): UnavailableError {
  return new UnavailableError('POOL_STATE_CLOSED', 'this process is shutting down');
}

/** Far more than any number of sagas in flight: what is above it is a runaway caller. */
const MAX_WAITING = 10_000;
/** Their fences are checked at once, and each change costs time inside the lock. */
const MAX_TOGETHER = 500;

function createPending(
  mutation: PoolMutation,
  end: {
    readonly resolve: (result: MutationResult) => void;
    readonly reject: (error: unknown) => void;
    readonly leave: (pending: PendingMutation) => void;
  },
): PendingMutation {
  let phase: 'waiting' | 'begun' | 'decided' = 'waiting';
  const { signal } = mutation;

  const onAbort = () => {
    pending.reject(phase === 'begun' ? inDoubt(signal) : givenUp(signal));
  };
  const decide = (settle: () => void) => {
    if (phase === 'decided') return;
    phase = 'decided';
    signal.removeEventListener('abort', onAbort);
    end.leave(pending);
    settle();
  };
  const pending: PendingMutation = {
    mutation,
    isOpen: () => phase !== 'decided',
    begin: () => {
      if (phase === 'waiting') phase = 'begun';
    },
    resolve: (result) => decide(() => end.resolve(result)),
    reject: (error) => decide(() => end.reject(error)),
  };
  signal.addEventListener('abort', onAbort, { once: true });
  return pending;
}

function givenUp(signal: AbortSignal): UnavailableError {
  return new UnavailableError(
    'POOL_STATE_LOCKED',
    'given up by its caller before the change began; it is not applied',
    { cause: signal.reason },
  );
}

function inDoubt(signal: AbortSignal): InDoubtError {
  return new InDoubtError(
    'POOL_STATE_WRITE_IN_DOUBT',
    'given up by its caller while the pool state was written',
    { cause: signal.reason },
  );
}
