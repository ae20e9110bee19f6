// A lock between processes that a live holder keeps and a dead one loses at once, because the kernel
// frees it: an exclusive transaction of SQLite on a file that stays empty. No age, process id or PID
// namespace plays a part (I5).
//   1. Only SQLite opens the lock file. A process that closes any descriptor of a file loses all its
//      locks on it.
//   2. No process removes the lock file. Where a person does, the next holder locks a new file: so a lock
//      counts only while its path leads to the file that was locked.
//   3. On a network file system the kernel's locks may end at the machine. So a holder also leaves its
//      name beside the file, as a symbolic link: that appears whole, or not at all, and only once. A
//      name of this host that is met with the lock in hand belongs to a dead holder. A name of another
//      host proves nothing and stays until a person removes it.

import {
  accessSync,
  chmodSync,
  chownSync,
  closeSync,
  constants,
  openSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';

export interface LockLimit {
  readonly timeoutMs: number;
  readonly isWanted?: () => boolean;
}

export type LockTry =
  /** `afterDeath`: the holder before died with the lock in hand. */
  | { readonly status: 'taken'; readonly afterDeath: boolean }
  /** By a live process. Null: it has not left its name yet. */
  | { readonly status: 'held'; readonly holder: LockHolder | null }
  /** Free on this machine, but named by another host (null: by something that is no name). */
  | { readonly status: 'foreign'; readonly holder: LockHolder | null }
  | { readonly status: 'unwanted' };

export interface LockHolder {
  readonly host: string;
  readonly pid: number;
}

export interface KernelLockOptions {
  readonly path: string;
  readonly host?: string;
  /** Its owner, group and mode become the lock file's: a user who may write this file may lock it. */
  readonly sharedLike?: string;
}

export type KernelLock = ReturnType<typeof createKernelLock>;

export function createKernelLock(options: KernelLockOptions) {
  const { path, host = hostname() } = options;
  const namePath = holderPathOf(path);
  let held: { readonly database: DatabaseSync; readonly inode: bigint } | null = null;

  /** Tries until the lock is taken, the time is over or `isWanted` returns false, and returns the last try.
   * @throws the file system's error where the lock file cannot be made or used. */
  async function take({ timeoutMs, isWanted }: LockLimit): Promise<LockTry> {
    const deadline = performance.now() + timeoutMs;
    for (let tries = 1; isWanted?.() !== false; tries++) {
      const result = takeOnce();
      if (result.status === 'taken' || performance.now() >= deadline) return result;
      await pause(tries < FAST_TRIES ? 1 : SLOW_POLL_MS);
    }
    return { status: 'unwanted' };
  }

  function takeOnce(): LockTry {
    makeLockFile(options);
    const inode = inodeOf(path);
    const database = new DatabaseSync(path);
    let result: LockTry = { status: 'held', holder: null };
    try {
      if (!beginExclusive(database, path)) result = { status: 'held', holder: readName() };
      else if (inode !== null && inode === inodeOf(path)) result = leaveName();
      if (result.status === 'taken' && inode !== null) held = { database, inode };
      return result;
    } finally {
      if (held?.database !== database) database.close();
    }
  }

  function leaveName(): LockTry {
    for (let afterDeath = false; ; afterDeath = true) {
      if (makeName(`${process.pid}@${host}`, namePath)) return { status: 'taken', afterDeath };
      const holder = readName();
      if (holder?.host !== host) return { status: 'foreign', holder };
      rmSync(namePath, { force: true });
    }
  }

  function readName(): LockHolder | null {
    try {
      const [, pid, name] = /^(\d+)@(.+)$/.exec(readlinkSync(namePath)) ?? [];
      return name === undefined ? null : { host: name, pid: Number(pid) };
    } catch {
      return null;
    }
  }

  /** Whether the lock is still the one that others meet: a person may have removed its file. */
  function isHeld(): boolean {
    return held !== null && held.inode === inodeOf(path);
  }

  /** Repeatable. Never frees another holder's lock. */
  function release(): void {
    try {
      if (isHeld()) rmSync(namePath, { force: true });
    } finally {
      held?.database.close();
      held = null;
    }
  }

  return { take, isHeld, release };
}

/** Where the holder of the lock at `path` leaves its name. */
export function holderPathOf(path: string): string {
  return `${path}.holder`;
}

/** What is locked takes milliseconds: the first tries come close together, the later ones cost less. */
const FAST_TRIES = 20;
const SLOW_POLL_MS = 5;
const SQLITE_BUSY = 5;
const SQLITE_NOTADB = 26;

function beginExclusive(database: DatabaseSync, path: string): boolean {
  try {
    // In memory: a transaction on an empty file would make a journal beside it.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    return true;
  } catch (err) {
    const code = err instanceof Error && 'errcode' in err ? err.errcode : null;
    if (code === SQLITE_BUSY) return false;
    if (code !== SQLITE_NOTADB) throw err;
    throw new Error(`${path} is not a lock; remove it when no process uses it`, { cause: err });
  }
}

/** Rule 1 holds: the descriptor closes before another part of this process can open the new file. */
function makeLockFile({ path, sharedLike }: KernelLockOptions): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (err) {
    if (!isCode(err, 'EEXIST')) throw err;
    accessSync(path, constants.R_OK | constants.W_OK);
    return;
  }
  const like = sharedLike && statSync(sharedLike, { throwIfNoEntry: false });
  if (!like) return;
  const made = statSync(path);
  // To a group of one's own a file may be given where its owner may not be changed.
  if (!mayChown(path, like.uid, like.gid)) mayChown(path, made.uid, like.gid);
  chmodSync(path, like.mode & 0o666);
}

function mayChown(path: string, uid: number, gid: number): boolean {
  try {
    chownSync(path, uid, gid);
    return true;
  } catch (err) {
    if (isCode(err, 'EPERM')) return false;
    throw err;
  }
}

function makeName(name: string, path: string): boolean {
  try {
    symlinkSync(name, path);
    return true;
  } catch (err) {
    if (isCode(err, 'EEXIST')) return false;
    throw err;
  }
}

function inodeOf(path: string): bigint | null {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino ?? null;
}

function isCode(err: unknown, code: string): boolean {
  return err instanceof Error && 'code' in err && err.code === code;
}
