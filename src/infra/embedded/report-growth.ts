// What has come so far of something that is fetched into a folder: a download that reports nothing for a minute cannot
// be distinguished from one that hangs.

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

const REPORT_EVERY_MS = 5_000;
const MEGABYTE = 1_000_000;

/** Reports every few seconds how much is in the folder, until the work has ended. @throws what the work throws. */
export async function reportGrowth<T>(
  folder: string,
  say: (megabytes: number) => void,
  work: () => Promise<T>,
  everyMs = REPORT_EVERY_MS,
): Promise<T> {
  const ticker = setInterval(() => {
    void sizeOf(folder).then((bytes) => say(Math.round(bytes / MEGABYTE)));
  }, everyMs);
  try {
    return await work();
  } finally {
    clearInterval(ticker);
  }
}

/** Files come and go while they are counted: what cannot be read counts as zero. */
async function sizeOf(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const sizes = names.map((name) =>
    stat(join(folder, name)).then(
      (found) => (found.isFile() ? found.size : 0),
      () => 0,
    ),
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
