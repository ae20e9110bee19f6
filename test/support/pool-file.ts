// A pool state file in a folder of its own, gone when the test has finished.

import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import {
  createFilePoolStates,
  type FilePoolStates,
  type FilePoolStatesDeps,
} from '../../src/pool-state/file/file-pool-states.ts';
import type { PoolState } from '../../src/pool-state/pool-state.ts';
import { memoryFolder } from './memory-folder.ts';

export interface PoolFileFolder {
  readonly file: string;
  /** Closed when the test has finished. */
  open(deps?: Partial<FilePoolStatesDeps>): FilePoolStates;
  stored(): Promise<PoolState>;
  /** As the platform writes: in place, without a lock. */
  overwrite(content: PoolState | string): Promise<void>;
  /** What is in the folder, but for the files of the two locks, which stay. */
  names(): Promise<readonly string[]>;
}

export async function createPoolFileFolder(
  state?: PoolState,
  parent?: string,
): Promise<PoolFileFolder> {
  const folder = await mkdtemp(join(parent ?? (await memoryFolder()), 'pool-file-'));
  const file = join(folder, '.container-pool-state.json');
  const opened: FilePoolStates[] = [];
  onTestFinished(async () => {
    await Promise.all(opened.map((states) => states.close()));
    await rm(folder, { recursive: true });
  });
  const overwrite = (content: PoolState | string) =>
    writeFile(file, typeof content === 'string' ? content : JSON.stringify(content, null, 2));
  if (state !== undefined) await overwrite(state);
  return {
    file,
    overwrite,
    open: (deps) => {
      const states = createFilePoolStates({ file, now: () => new Date(), ...deps });
      opened.push(states);
      return states;
    },
    stored: async () => JSON.parse(await readFile(file, 'utf8')),
    names: async () =>
      (await readdir(folder)).filter((name) => !/\.json\.lock(\.turn)?$/.test(name)).sort(),
  };
}
