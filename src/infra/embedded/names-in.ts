// What lies in a folder. One that is not there is empty; one that cannot be read is an error, because the
// question is whether there is data that must not be started over.

import { readdir } from 'node:fs/promises';

/** @throws what `readdir` throws, unless the folder does not exist. */
export async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
}
