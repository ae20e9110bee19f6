// Packages of Debian and Ubuntu that the tests need, installed by whoever may. One installation at a time: apt
// locks what it writes, and the parts of the set-up run side by side.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

export type Progress = (line: string) => void;

const run = promisify(execFile);
let turn: Promise<void> = Promise.resolve();

/** The path of a program, or undefined. The system folders count even where PATH leaves them out. */
export async function onPath(program: string): Promise<string | undefined> {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/bin', '/sbin'];
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
}

/** Whether the lists that this system has name such a package; they may be old, or none. */
export function aptOffers(name: string): Promise<boolean> {
  return run('apt-cache', ['show', name]).then(
    () => true,
    () => false,
  );
}

/** @throws on a system without apt-get, or when it fails. */
export function aptInstall(
  packages: readonly string[],
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const installed = turn.then(() => installNow(packages, progress, signal));
  turn = installed.catch(() => undefined);
  return installed;
}

async function installNow(
  packages: readonly string[],
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  if ((await onPath('apt-get')) === undefined) {
    throw new Error(`${packages.join(', ')} not found, and this is neither Debian nor Ubuntu`);
  }
  progress(`installing ${packages.join(', ')} with apt-get`);
  const options = {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    timeout: 300_000,
    signal,
    maxBuffer: 64 * 1024 * 1024,
  };
  const lock = ['-o', 'DPkg::Lock::Timeout=120'];
  // A source that does not answer must not stop us while the others do; the install decides.
  await run('apt-get', [...lock, 'update', '-q'], options).catch((error: unknown) => {
    progress(`apt-get update: ${firstLine(error)}`);
  });
  const install = [...lock, 'install', '-qy', '--no-install-recommends', ...packages];
  await run('apt-get', install, options).catch((error: unknown) => {
    throw new Error(`apt-get could not install ${packages.join(', ')}: ${firstLine(error)}`);
  });
}

function firstLine(error: unknown): string {
  const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
  const text = stderr || (error instanceof Error ? error.message : String(error));
  return text.split('\n').find((line) => line.startsWith('E:')) ?? text.split('\n')[0] ?? text;
}
