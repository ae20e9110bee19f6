// The lock beside the pool state file, `<file>.lock` (I5: one writer at a time). A writer first takes its
// turn, `<file>.lock.turn`, and keeps that until it has the lock: so a process that writes without a
// pause cannot take the lock again and again before the others, which try only every few milliseconds.

import { UnavailableError } from '@reclaim/saga';
import {
  createKernelLock,
  holderPathOf,
  type LockHolder,
  type LockTry,
} from '../../infra/kernel-lock.ts';

export interface PoolFileLockDeps {
  /** The state file itself, links resolved, so that all who share it meet at one lock. */
  readonly file: string;
  readonly host: string;
  readonly timeoutMs: number;
  /** The lock was taken, and its holder before died with it in hand. */
  readonly onDeath?: () => void;
  readonly onForeign?: (holder: LockHolder, holderPath: string) => void;
}

export type PoolFileLock = ReturnType<typeof createPoolFileLock>;

export function createPoolFileLock(deps: PoolFileLockDeps) {
  const { file, host, timeoutMs } = deps;
  const lockPath = `${file}.lock`;
  const turnPath = `${lockPath}.turn`;
  const lock = createKernelLock({ path: lockPath, host, sharedLike: file });
  const turn = createKernelLock({ path: turnPath, host, sharedLike: file });

  async function acquire(isWanted: () => boolean): Promise<boolean> {
    const deadline = performance.now() + timeoutMs;
    const first = await turn.take({ timeoutMs, isWanted });
    if (first.status !== 'taken') return refuse(first, turnPath);
    try {
      const result = await lock.take({ timeoutMs: deadline - performance.now(), isWanted });
      if (result.status !== 'taken') return refuse(result, lockPath);
      if (result.afterDeath) deps.onDeath?.();
      return true;
    } finally {
      turn.release();
    }
  }

  function refuse({ status, holder = null }: Refusal, path: string): false {
    if (status === 'unwanted') return false;
    const context = { lock: path, ...(holder && { holder: { ...holder } }) };
    const name = holderPathOf(path);
    if (status === 'foreign' && holder !== null) {
      deps.onForeign?.(holder, name);
      throw new UnavailableError(
        'POOL_STATE_LOCKED_BY_OTHER_HOST',
        `the pool state is locked by process ${holder.pid} on host "${holder.host}", which cannot ` +
          `be observed from "${host}". Make sure that it has ended, then remove ${name}`,
        { context },
      );
    }
    const by =
      status === 'foreign'
        ? `by ${name}, which names no holder: when no process uses it, remove it`
        : holder === null
          ? 'by others in turn'
          : `by the live process ${holder.pid}`;
    const message = `the pool state stayed locked for ${timeoutMs} ms ${by}`;
    throw new UnavailableError('POOL_STATE_LOCKED', message, { context });
  }

  return {
    /** Resolves when the lock is held; false when `isWanted` returned false before that.
     * @throws UnavailableError POOL_STATE_LOCKED after `timeoutMs`, POOL_STATE_LOCKED_BY_OTHER_HOST when
     * then the name of a holder on another host stands in the way, which needs a person. */
    acquire /** Whether the lock is still ours: a person may have removed it. */,
    isHeld: lock.isHeld /** Repeatable. Never frees another's lock. */,
    release: lock.release,
  };
}

type Refusal = Exclude<LockTry, { readonly status: 'taken' }> & {
  readonly holder?: LockHolder | null;
};
