// Replaces the pool state file durably: a temporary file in the same folder, fsync, rename, fsync of
// the folder. Readers see the old content or the new one, whole, also after a power cut.
//
// The platform rewrites the file in place and knows no lock. So right before the rename the file must
// still be the one that was read; and right after it the old file is read once more, through the handle it was read by:
// what the platform wrote in between is there, and would be lost.

import { randomUUID } from 'node:crypto';
import { type FileHandle, link, open, readdir, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { InDoubtError, UnavailableError } from '@reclaim/saga';
import { type FileOwner, keepOwnerAndMode, ownerOf } from './keep-owner.ts';
import { errnoOf, unchanged } from './pool-file-errors.ts';
import {
  isSameContentStamp,
  isSameStamp,
  readAll,
  type Snapshot,
  stampOf,
  statOf,
} from './pool-file-reader.ts';

/** The file as it was read, and the handle through which it stays readable. */
export interface OpenSnapshot extends Snapshot {
  readonly handle: FileHandle;
}

export type Replacement =
  | { readonly status: 'replaced'; readonly stamp: Snapshot['stamp'] }
  /** Another program wrote after `base` was read: nothing was replaced. */
  | { readonly status: 'changed-before' }
  /** Replaced, but another program wrote to the old file in the last moment: `base.handle` shows it. */
  | { readonly status: 'overtaken' };

export interface ReplacementDeps {
  readonly file: string;
  /** Makes the temporary file's name ours. */
  readonly token: string;
  /** Whether the lock is still ours, checked right before the rename. */
  readonly isLockHeld: () => boolean;
}

/** @throws UnavailableError when the file is certainly as it was; InDoubtError when the rename may
 * have happened, or has and may not survive a power cut. */
export async function replaceFile(
  deps: ReplacementDeps,
  base: OpenSnapshot,
  bytes: Buffer,
): Promise<Replacement> {
  const temp = `${tempPrefix(deps.file)}${deps.token}`;
  try {
    const isReady = await prepare(deps, base, bytes, temp);
    if (!isReady) {
      await unlink(temp);
      return { status: 'changed-before' };
    }
  } catch (err) {
    await removeTemp(temp, err);
    throw unchanged(deps.file, 'writing the new pool state', err);
  }
  await renameOver(deps.file, temp);
  try {
    const stamp = stampOf(await statOf(deps.file));
    const isOldUntouched = isSameContentStamp(stampOf(await statHandle(base)), base.stamp);
    if (!isOldUntouched || !(await hasSameBytes(base))) return { status: 'overtaken' };
    await syncFolder(dirname(deps.file));
    return { status: 'replaced', stamp };
  } catch (err) {
    throw inDoubt(deps.file, 'making the rename durable', err);
  }
}

/** Gives a file its name, whole or not at all, and never over another one: `false` then, and nothing was changed.
 * @param owner of the file that it comes in place of.
 * @throws the file system's error when it cannot be created; UnavailableError POOL_STATE_OWNER_LOST. */
export async function placeNewFile(
  file: string,
  bytes: Buffer,
  owner: FileOwner | null = null,
): Promise<boolean> {
  const temp = `${file}.new-${randomUUID()}`;
  const handle = await open(temp, 'wx', 0o644);
  try {
    try {
      if (owner !== null) await keepOwnerAndMode(owner, handle);
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await link(temp, file);
    return true;
  } catch (err) {
    if (errnoOf(err) === 'EEXIST') return false;
    throw err;
  } finally {
    await unlink(temp);
    await syncFolder(dirname(file));
  }
}

/** Temporary files are made under the lock only: its holder may remove all that are there. */
export async function removeLeftovers(file: string): Promise<void> {
  const folder = dirname(file);
  const prefix = basename(tempPrefix(file));
  for (const name of await readdir(folder)) {
    if (name.startsWith(prefix)) await unlink(join(folder, name));
  }
}

function tempPrefix(file: string): string {
  return `${file}.tmp-`;
}

/** Everything up to the rename; false when the file is no longer the one that was read. */
async function prepare(
  { file, isLockHeld }: ReplacementDeps,
  base: OpenSnapshot,
  bytes: Buffer,
  temp: string,
): Promise<boolean> {
  // Not exclusive: the name is ours alone, and under the lock what has it is a leftover of ours.
  const handle = await open(temp, 'w', 0o600);
  try {
    await keepOwnerAndMode(await ownerOf(base.handle), handle);
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  if (!isLockHeld()) {
    const message = 'the lock was removed while it was held; nothing was written';
    throw new UnavailableError('POOL_STATE_LOCK_LOST', message);
  }
  const now = await statOf(file);
  return isSameStamp(stampOf(now), base.stamp) && (await hasSameBytes(base));
}

/** Equal stamps that were young when they were read need the bytes beside them. */
async function hasSameBytes(base: OpenSnapshot): Promise<boolean> {
  if (base.isStampProof) return true;
  const bytes = await readAll(base.handle, base.bytes.length);
  return bytes?.equals(base.bytes) ?? false;
}

function statHandle(base: OpenSnapshot) {
  return base.handle.stat({ bigint: true });
}

async function renameOver(file: string, temp: string): Promise<void> {
  try {
    await rename(temp, file);
  } catch (err) {
    const isUntouched = REFUSED_RENAMES.has(errnoOf(err));
    await removeTemp(temp, err);
    throw isUntouched
      ? unchanged(file, 'putting the new pool state in place', err)
      : inDoubt(file, 'the rename', err);
  }
}

/** Errors that prove that the system did not rename; any other leaves it open. */
const REFUSED_RENAMES = new Set(
  'EACCES EBUSY EPERM ENOENT ENOSPC EDQUOT EROFS EXDEV EISDIR ENOTDIR'.split(' '),
);

function inDoubt(file: string, what: string, err: unknown): InDoubtError {
  return new InDoubtError('POOL_STATE_WRITE_IN_DOUBT', `${what} failed for ${file}`, {
    cause: err,
    context: { file, errno: errnoOf(err) },
  });
}

/** A second failure must not hide the first; the leftover is removed under a later lock. */
async function removeTemp(temp: string, first: unknown): Promise<void> {
  try {
    await unlink(temp);
  } catch (err) {
    if (errnoOf(err) !== 'ENOENT' && first instanceof Error) first.cause ??= err;
  }
}

/** Makes names durable: what was created, renamed or removed in a folder survives a power cut only then. */
export async function syncFolder(folder: string): Promise<void> {
  // Windows cannot open a folder; its renames are durable by themselves.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
