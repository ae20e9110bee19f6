// Where tests and their servers keep files: in memory where that has room. Nothing here outlives its test, and a file that is
// flushed to a disk, as each change of a pool state and each journal is, costs it milliseconds.

import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';

/** A folder in memory that has room, else the system's own for temporary files. For data alone: a system may start no program
 * from there. */
export async function memoryFolder(): Promise<string> {
  const room = await statfs(MEMORY_FOLDER).catch(() => null);
  return room !== null && room.bavail * room.bsize >= ROOM_BYTES ? MEMORY_FOLDER : tmpdir();
}

const MEMORY_FOLDER = '/dev/shm';
const ROOM_BYTES = 4 * 2 ** 30;
