// MongoDB's own download, in a process of its own: without a network the downloader waits and prints
// stack traces, so it is silenced and has a deadline.

import { execFile } from 'node:child_process';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ServerSource } from './server-binary.ts';

const VERSION = '7.0.14';
const DOWNLOAD_TIMEOUT_MS = 240_000;

export function createMongodbDownload(): ServerSource {
  const script = fileURLToPath(new URL('./download-mongod.ts', import.meta.url));
  return {
    name: `MongoDB's own download, version ${VERSION}`,
    fetch: async (folder) => {
      const work = join(folder, 'download');
      await mkdir(work);
      try {
        const args = [script, VERSION, work];
        const { stdout } = await promisify(execFile)(process.execPath, args, {
          timeout: DOWNLOAD_TIMEOUT_MS,
          killSignal: 'SIGKILL',
          maxBuffer: 64 * 1024 * 1024,
        });
        const path = stdout.trim().split('\n').at(-1) ?? '';
        await rename(path, join(folder, 'mongod'));
      } catch (error) {
        const isLate = error instanceof Error && 'killed' in error && error.killed === true;
        throw new Error(isLate ? 'not finished in time' : 'not reachable, or none for this system');
      } finally {
        await rm(work, { recursive: true, force: true });
      }
    },
  };
}
