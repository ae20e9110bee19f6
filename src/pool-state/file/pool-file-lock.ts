// The lock beside the pool state file, `<file>.lock` (I5: one writer at a time). Whoever wants it
// first takes its turn, `<file>.lock.turn`, and keeps that until the lock is had: so a process that
// writes without a pause cannot take the lock again and again before the others, who only look every
// few milliseconds. Waiting is bounded; a lock is broken by proof of death alone (holder-file.ts).

import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { UnavailableError } from '@reclaim/saga';
import { createHolderFiles, type Holder } from './holder-file.ts';

export interface PoolFileLock {
  /** Resolves when the lock is held; false when `isWanted` said no before that.
   * @throws UnavailableError POOL_STATE_LOCKED after `timeoutMs`, POOL_STATE_LOCKED_BY_OTHER_HOST when
   * then a holder on another host stands in the way, which needs a person. */
  acquire(isWanted: () => boolean): Promise<boolean>;
  /** Whether the lock is still ours: a person may have removed it. */
  isHeld(): Promise<boolean>;
  /** Repeatable. Never frees another's lock. */
  release(): Promise<void>;
  /** Locks of dead processes that were broken here. */
  brokenCount(): number;
  close(): Promise<void>;
}

export interface PoolFileLockDeps {
  /** The state file itself, links resolved, so that all who share it meet at one lock. */
  readonly file: string;
  readonly host: string;
  readonly token: string;
  readonly timeoutMs: number;
  readonly onBroken: () => void;
  readonly onNotTidied: (err: unknown) => void;
  readonly onForeign: (holder: Holder, lockPath: string) => void;
}

export function createPoolFileLock(deps: PoolFileLockDeps): PoolFileLock {
  const lockPath = `${deps.file}.lock`;
  const turnPath = `${lockPath}.turn`;
  const files = createHolderFiles({ lockPath, host: deps.host, token: deps.token });
  let broken = 0;
  let isClearingDue = true;

  async function acquire(isWanted: () => boolean): Promise<boolean> {
    const deadline = performance.now() + deps.timeoutMs;
    if (isClearingDue) {
      isClearingDue = false;
      await clearDead();
    }
    if (!(await takeUntil(turnPath, deadline, isWanted))) return false;
    try {
      return await takeUntil(lockPath, deadline, isWanted);
    } finally {
      await files.free(turnPath);
    }
  }

  async function clearDead(): Promise<void> {
    try {
      await files.clearDead(await listBeside(lockPath));
    } catch (err) {
      // What cannot be tidied away stands in nobody's way.
      deps.onNotTidied(err);
    }
  }

  async function takeUntil(path: string, deadline: number, isWanted: () => boolean) {
    for (let tries = 1; isWanted(); tries++) {
      const result = await files.take(path);
      if (result.status === 'taken') return true;
      if (result.status === 'try-again' && result.isBroken) {
        broken += 1;
        isClearingDue = true;
        deps.onBroken();
      }
      if (performance.now() >= deadline) {
        throw lockedError(result.status === 'held' ? result.holder : undefined, path);
      }
      await pause(tries < FAST_TRIES ? 1 : SLOW_POLL_MS);
    }
    return false;
  }

  function lockedError(holder: Holder | null | undefined, path: string): UnavailableError {
    const context = { lock: path, ...(holder && { holder: { ...holder } }) };
    if (holder && holder.host !== deps.host) {
      deps.onForeign(holder, path);
      return new UnavailableError(
        'POOL_STATE_LOCKED_BY_OTHER_HOST',
        `the pool state is locked by process ${holder.pid} on host "${holder.host}", which cannot ` +
          `be looked at from "${deps.host}". Make sure that it has ended, then remove ${path}`,
        { context },
      );
    }
    const who =
      holder === null
        ? `by a file that names no holder: when no process uses it, remove ${path}`
        : holder === undefined
          ? 'by others in turn'
          : `by the living process ${holder.pid}`;
    return new UnavailableError(
      'POOL_STATE_LOCKED',
      `the pool state stayed locked for ${deps.timeoutMs} ms ${who}`,
      { context },
    );
  }

  return {
    acquire,
    isHeld: () => files.isMine(lockPath),
    release: () => files.free(lockPath),
    brokenCount: () => broken,
    close: () => files.close(),
  };
}

/** A write takes some milliseconds: the first looks come close together, the later ones cost less. */
const FAST_TRIES = 20;
const SLOW_POLL_MS = 5;

async function listBeside(lockPath: string): Promise<readonly string[]> {
  const folder = dirname(lockPath);
  const prefix = `${basename(lockPath)}.`;
  const names = await readdir(folder);
  return names
    .filter((name) => name.startsWith(`${prefix}by-`) || name.startsWith(`${prefix}break-`))
    .map((name) => join(folder, name));
}
