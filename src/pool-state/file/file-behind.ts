// The file that a configured name leads to, whether it is there or not: a link keeps its meaning while its file is in
// MongoDB. Under every configured name, what is beside the file is beside the file itself.

import { readlink, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { errnoOf } from './pool-file-errors.ts';

/** As many as Linux follows. */
const MAX_LINKS = 40;

/** A name whose folder is missing or cannot be read is its own. */
export async function fileBehind(configured: string): Promise<string> {
  let name = configured;
  for (let links = 0; links < MAX_LINKS; links += 1) {
    try {
      return await realpath(name);
    } catch (err) {
      if (errnoOf(err) !== 'ENOENT') return configured;
    }
    const folder = await realpath(dirname(name)).catch(() => null);
    if (folder === null) return configured;
    const target = await readlink(name).catch(() => null);
    if (target === null) return join(folder, basename(name));
    name = resolve(folder, target);
  }
  return configured;
}
