// The first pool state of an installation that has neither the file nor allocations. Whether there are
// allocations is the caller's to know: where there are, a missing file is a loss and stays unknown
// (I4). Never over an existing file, regardless of its content.

import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { formatPoolState } from '../pool-state-format.ts';
import { whyMoved } from './pool-file-moved.ts';
import { placeNewFile } from './pool-file-replacement.ts';

/** Creates the file, and its folder; of several at once, one creates it. None where it was moved away.
 * @throws the file system's error when it cannot be created. */
export async function createEmptyPoolState(
  file: string,
  now: () => Date,
): Promise<'created' | 'exists' | 'moved'> {
  if ((await whyMoved(file)) !== null) return 'moved';
  await mkdir(dirname(file), { recursive: true });
  const empty = { pools: {}, botMapping: {}, nextPoolId: 1, updatedAt: now().toISOString() };
  return (await placeNewFile(file, formatPoolState(empty, true))) ? 'created' : 'exists';
}
