// Fetches the package firebase-tools, once, into a folder of its own in the cache: never a dependency, because it
// is larger than everything else together and only these tests use it.

import { execFile } from 'node:child_process';
import { access, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** The script that Node runs. */
    firebaseCommand: string;
  }
}

const VERSION = '15.34.2';
const FETCH_WITHIN_MS = 600_000;
const CACHE = fileURLToPath(new URL('../../.cache/firebase-tools', import.meta.url));
const COMMAND = 'node_modules/firebase-tools/lib/bin/firebase.js';

export async function setup(project: TestProject): Promise<void> {
  project.provide('firebaseCommand', await fetchFirebaseTools());
}

async function fetchFirebaseTools(): Promise<string> {
  const folder = join(CACHE, VERSION);
  const command = join(folder, COMMAND);
  if (await isThere(command)) return command;
  say(`fetching firebase-tools ${VERSION} with npm (about 270 MB, a minute)`);
  await mkdir(CACHE, { recursive: true });
  // What is fetched halfway never counts as fetched.
  const partial = await mkdtemp(join(CACHE, 'partial-'));
  try {
    await writeFile(join(partial, 'package.json'), '{"private":true}\n');
    await install(partial);
    await rename(partial, folder);
  } catch (error) {
    // Somebody else was faster.
    if (await isThere(command)) return command;
    throw error;
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return command;
}

async function install(folder: string): Promise<void> {
  const flags = ['--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  try {
    await promisify(execFile)('npm', ['install', ...flags, `firebase-tools@${VERSION}`], {
      cwd: folder,
      timeout: FETCH_WITHIN_MS,
    });
  } catch (error) {
    const said =
      typeof error === 'object' && error !== null && 'stderr' in error ? error.stderr : '';
    throw new Error(
      `firebase-tools ${VERSION} could not be fetched with npm, so nothing was tested: ${said || error}`,
      { cause: error },
    );
  }
}

async function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

function say(line: string): void {
  process.stderr.write(`test set-up: ${line}\n`);
}
