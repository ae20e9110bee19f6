// The marker beside the pool state file that declares: the state is in MongoDB now. It stays when the file itself was
// renamed away, because the platform may write a new one at any time: a file of that name is not the pool state then,
// and no process of ours may take it for one (I4).

import { open, readFile, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileBehind } from './file-behind.ts';
import { errnoOf } from './pool-file-errors.ts';
import { syncFolder } from './pool-file-replacement.ts';

/** Under every configured name of the file, its marker is beside the file itself. */
async function movedNoteOf(file: string): Promise<string> {
  return `${await fileBehind(file)}.moved`;
}

/** Why the file is not to be used, for a person; null where it is.
 * @throws the file system's error when that cannot be determined. */
export async function whyMoved(file: string): Promise<string | null> {
  try {
    const note = (await readFile(await movedNoteOf(file), 'utf8')).trim();
    return `${note}: set POOL_STATE=mongodb and restart`;
  } catch (err) {
    if (errnoOf(err) === 'ENOENT') return null;
    throw err;
  }
}

/** Repeatable, durable. */
export async function noteMoved(file: string, at: Date): Promise<void> {
  const path = await movedNoteOf(file);
  const handle = await open(path, 'w', 0o644);
  try {
    await handle.writeFile(`it was moved to MongoDB at ${at.toISOString()}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await syncFolder(dirname(path));
}

/** Repeatable, durable. */
export async function removeMovedNote(file: string): Promise<void> {
  const path = await movedNoteOf(file);
  await unlink(path).catch((err: unknown) => {
    if (errnoOf(err) !== 'ENOENT') throw err;
  });
  await syncFolder(dirname(path));
}
