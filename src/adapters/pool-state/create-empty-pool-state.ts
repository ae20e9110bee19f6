// The first pool state of an installation that has neither the file nor allocations. Whether there are
// allocations is the caller's to know: where there are, a missing file is a loss and stays unknown
// (I4). Never over an existing file, whatever is in it.

import { randomUUID } from 'node:crypto';
import { link, open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoOf } from './pool-file-errors.ts';
import { syncFolder } from './pool-file-replacement.ts';
import { formatPoolState } from './pool-state-format.ts';

/** Creates the file, whole or not at all; of several at once, one creates it.
 * @throws the file system's error when it cannot be created. */
export async function createEmptyPoolState(
  file: string,
  now: () => Date,
): Promise<'created' | 'exists'> {
  const temp = `${file}.new-${randomUUID()}`;
  const empty = { pools: {}, botMapping: {}, nextPoolId: 1, updatedAt: now().toISOString() };
  const handle = await open(temp, 'wx', 0o644);
  try {
    try {
      await handle.writeFile(formatPoolState(empty, true));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await link(temp, file);
    return 'created';
  } catch (err) {
    if (errnoOf(err) === 'EEXIST') return 'exists';
    throw err;
  } finally {
    await unlink(temp);
    await syncFolder(dirname(file));
  }
}
