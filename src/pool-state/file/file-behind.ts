// The file that a configured name leads to, whether it is there or not: a link keeps its meaning while its file is in
// MongoDB. Under every configured name, what is beside the file is beside the file itself.

import { readlink, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { errnoOf } from './pool-file-errors.ts';

/** As many as Linux follows. */
const MAX_LINKS = 40;

/** A name whose folder is missing is its own.
 * @throws the file system's error where it cannot be determined: what is beside the file would be looked for elsewhere. */
export async function fileBehind(configured: string): Promise<string> {
  let name = configured;
  for (let links = 0; links < MAX_LINKS; links += 1) {
    const file = await orNull(realpath(name), ['ENOENT']);
    if (file !== null) return file;
    const folder = await orNull(realpath(dirname(name)), ['ENOENT']);
    if (folder === null) return configured;
    // Not a link; gone.
    const target = await orNull(readlink(name), ['EINVAL', 'ENOENT']);
    if (target === null) return join(folder, basename(name));
    name = resolve(folder, target);
  }
  return configured;
}

async function orNull(reading: Promise<string>, absent: readonly string[]): Promise<string | null> {
  try {
    return await reading;
  } catch (err) {
    if (absent.includes(errnoOf(err))) return null;
    throw err;
  }
}
