// Finds the program of a server: on PATH, in the cache, or fetched into the cache, first hit wins.
// Data that exists binds the choice: another server version over it could refuse it or, worse,
// change its format for good.

import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { access, constants, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { reportGrowth } from './report-growth.ts';

export interface ServerVersion {
  /** `MongoDB`, `Valkey` or `Redis`. */
  readonly product: string;
  readonly version: string;
}

export interface ServerBinary extends ServerVersion {
  readonly path: string;
}

/** One way to get the program. It leaves it in `folder` under the program's name. */
export interface ServerSource {
  readonly name: string;
  fetch(folder: string): Promise<void>;
}

export interface ServerKind {
  readonly product: string;
  /** Names of the program, the preferred one first. */
  readonly programs: readonly string[];
  /** The oldest usable version of each product, major and minor. */
  readonly oldest: Readonly<Record<string, readonly [number, number]>>;
  /** Reads the program's own version text; undefined when it is something else. */
  parseVersion(output: string): ServerVersion | undefined;
  /** Whether a server of version `found` may open data that `recorded` has written. */
  canOpen(recorded: ServerVersion, found: ServerVersion): boolean;
  readonly sources: readonly ServerSource[];
  /** The variable that names a server of the user's own. */
  readonly urlVariable: string;
}

export interface ServerSearch {
  /** Shared by everything in the project that needs a server. */
  readonly cacheFolder: string;
  /** The program that has written the existing data, if there is any. */
  readonly recorded: ServerVersion | undefined;
  readonly onProgress: (line: string) => void;
  /** How often a fetch reports how much has come so far. */
  readonly reportEveryMs?: number;
}

/** @throws one error that names everything that was tried and the ways out. */
export async function findServer(kind: ServerKind, search: ServerSearch): Promise<ServerBinary> {
  const tried: string[] = [];
  const accept = async (path: string, from: string): Promise<ServerBinary | undefined> => {
    const binary = await inspect(kind, path);
    if (typeof binary === 'string') {
      tried.push(`${from}: ${binary}`);
      return undefined;
    }
    if (search.recorded === undefined || kind.canOpen(search.recorded, binary)) return binary;
    tried.push(`${from}: ${binary.product} ${binary.version} cannot open this data`);
    return undefined;
  };
  for (const path of [...onPath(kind), ...(await inCache(kind, search.cacheFolder))]) {
    if (await isProgram(path)) {
      const binary = await accept(path, path);
      if (binary !== undefined) return binary;
    }
  }
  for (const source of kind.sources) {
    search.onProgress(`getting ${kind.product}: ${source.name}`);
    try {
      const path = await fetchIntoCache(kind, source, search);
      const binary = await accept(path, source.name);
      if (binary !== undefined) return binary;
    } catch (error) {
      tried.push(`${source.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new Error(failure(kind, search, tried));
}

function failure(kind: ServerKind, search: ServerSearch, tried: readonly string[]): string {
  const { recorded } = search;
  const head =
    recorded === undefined
      ? `no ${kind.product} server could be found or fetched`
      : `the data was written by ${recorded.product} ${recorded.version}, and no server was found that may open it`;
  const out = `put ${kind.programs.join(' or ')} on PATH, set ${kind.urlVariable} to a server of your own`;
  const last = recorded === undefined ? '' : ', or set DATA_DIR to another folder to start afresh';
  const all = ['PATH and cache: nothing suitable', ...tried]
    .map((line) => `  - ${line}`)
    .join('\n');
  return `${head}\n${all}\nWays out: ${out}${last}.`;
}

function onPath(kind: ServerKind): string[] {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return kind.programs.flatMap((program) => folders.map((folder) => join(folder, program)));
}

async function inCache(kind: ServerKind, cacheFolder: string): Promise<string[]> {
  const folders = (await namesIn(cacheFolder)).sort();
  return kind.programs.flatMap((program) =>
    folders
      .filter((folder) => folder.startsWith(`${program}-`))
      .map((folder) => join(cacheFolder, folder, program)),
  );
}

async function isProgram(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** The binary, or why it is of no use. It is run, because a build for another system exists but fails. */
async function inspect(kind: ServerKind, path: string): Promise<ServerBinary | string> {
  let output: string;
  try {
    output = await askVersion(path);
  } catch (error) {
    const text = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
    return `does not run here: ${text.trim().split('\n')[0]}`;
  }
  const found = kind.parseVersion(output);
  const oldest = found === undefined ? undefined : kind.oldest[found.product];
  if (found === undefined || oldest === undefined) return `is not ${kind.product}`;
  const [major = 0, minor = 0] = found.version.split('.').map(Number);
  if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) {
    return `${found.product} ${found.version} is older than ${oldest.join('.')}`;
  }
  return { ...found, path };
}

// A process that is being started elsewhere in this one may hold the new file open for a moment, and the
// system does not run a file that is open for writing.
async function askVersion(path: string): Promise<string> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return (await promisify(execFile)(path, ['--version'], { timeout: 20_000 })).stdout;
    } catch (error) {
      const isBusy = error instanceof Error && 'code' in error && error.code === 'ETXTBSY';
      if (!isBusy || attempt >= 20) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

// Fetched aside and moved into place whole: two set-ups at once both succeed, one of them with the
// other's copy, and a fetch that was cut short leaves nothing that looks like a server.
async function fetchIntoCache(
  kind: ServerKind,
  source: ServerSource,
  { cacheFolder, onProgress, reportEveryMs }: ServerSearch,
): Promise<string> {
  const aside = join(cacheFolder, `.partial-${randomUUID()}`);
  await mkdir(aside, { recursive: true });
  try {
    const say = (megabytes: number) =>
      onProgress(`getting ${kind.product}: ${megabytes} MB so far`);
    await reportGrowth(aside, say, () => source.fetch(aside), reportEveryMs);
    const program = (await readdir(aside)).find((name) => kind.programs.includes(name));
    if (program === undefined) throw new Error('holds no such program');
    const fetched = await inspect(kind, join(aside, program));
    if (typeof fetched === 'string') throw new Error(fetched);
    const target = join(cacheFolder, `${program}-${fetched.version}`);
    await rename(aside, target).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
    return join(target, program);
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

/** What lies in a folder. One that is not there is empty; one that cannot be read is an error, because the question is
 * whether there is data that must not be started over.
 * @throws what `readdir` throws, unless the folder does not exist. */
export async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
}
