// Owner, group and mode of the file that replaces the platform's: the platform must still be able to write it,
// whichever of us wrote it last. A process that may not give a file away keeps the group, and refuses where that would
// shut the owner out.

import type { FileHandle } from 'node:fs/promises';
import { UnavailableError } from '@reclaim/saga';
import { errnoOf } from './pool-file-errors.ts';

export interface FileOwner {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

export async function ownerOf(file: FileHandle): Promise<FileOwner> {
  const { uid, gid, mode } = await file.stat();
  return { uid, gid, mode: mode & 0o7777 };
}

/** @throws UnavailableError POOL_STATE_OWNER_LOST: the owner could not write the new file any more. */
export async function keepOwnerAndMode(wanted: FileOwner, to: FileHandle): Promise<void> {
  const made = await ownerOf(to);
  const { mode } = wanted;
  const isKept =
    (wanted.uid === made.uid && wanted.gid === made.gid) ||
    (await mayChown(to, wanted.uid, wanted.gid));
  // To a group of one's own a file may be given without being its owner before.
  const isGroupKept =
    isKept || wanted.gid === made.gid || (await mayChown(to, made.uid, wanted.gid));
  if (!isKept && !staysWritable(mode, { isGroupKept, isOwnerKept: wanted.uid === made.uid })) {
    throw new UnavailableError(
      'POOL_STATE_OWNER_LOST',
      `user ${made.uid} may not give a file to ${wanted.uid}:${wanted.gid}, who could not write it any more: ` +
        'run as that user, or share a group that may write the file',
    );
  }
  await to.chmod(mode);
}

// The old owner is in the file's group, as the platform makes it, or else one of the others.
function staysWritable(
  mode: number,
  { isGroupKept, isOwnerKept }: { readonly isGroupKept: boolean; readonly isOwnerKept: boolean },
): boolean {
  const others = (mode & 0o006) === 0o006;
  const group = (mode & 0o060) === 0o060;
  return others || (group && isGroupKept) || (isOwnerKept && !group);
}

async function mayChown(file: FileHandle, uid: number, gid: number): Promise<boolean> {
  try {
    await file.chown(uid, gid);
    return true;
  } catch (err) {
    if (errnoOf(err) === 'EPERM') return false;
    throw err;
  }
}
