// A copy of the sources with one bug at a time in it, and test files that are run against it.

import { execFileSync, spawn } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Mutation, mutate } from './mutations.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A bug may well make a test wait for ever. */
const TEST_LIMIT_MS = 60_000;

/** The files of the repository, those that are not committed yet among them; from its root. */
export function listSources(): readonly string[] {
  const listed = ['ls-files', '--cached', '--others', '--exclude-standard'];
  return execFileSync('git', listed, { cwd: ROOT, encoding: 'utf8' }).trim().split('\n');
}

/** The files as they are here, and the packages by links: but for the engine, which is one of the sources.
 * @param files from the repository's root. */
export async function copySources(files: readonly string[], tree: string): Promise<void> {
  await mkdir(tree);
  for (const file of files) await cp(join(ROOT, file), join(tree, file)).catch(ignoreMissing);
  const modules = join(tree, 'node_modules');
  await mkdir(join(modules, '@reclaim'), { recursive: true });
  for (const name of await readdir(join(ROOT, 'node_modules'))) {
    if (name === '@reclaim' || name.startsWith('.')) continue;
    await symlink(join(ROOT, 'node_modules', name), join(modules, name));
  }
  await symlink(join(ROOT, 'node_modules', '.bin'), join(modules, '.bin'));
  await symlink(join(tree, 'packages', 'saga'), join(modules, '@reclaim', 'saga'));
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

export async function withMutation<T>(
  tree: string,
  { edits }: Mutation,
  use: () => Promise<T>,
): Promise<T> {
  const before = new Map<string, string>();
  for (const one of edits) {
    const content = await readFile(join(tree, one.file), 'utf8');
    if (!before.has(one.file)) before.set(one.file, content);
    await writeFile(join(tree, one.file), mutate(content, one));
  }
  try {
    return await use();
  } finally {
    for (const [file, content] of before) await writeFile(join(tree, file), content);
  }
}

export interface VitestOrder {
  readonly tree: string;
  readonly files: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly limitMs: number;
  readonly signal: AbortSignal;
  /** Tests whose name matches it, until the first of them fails; default: all. */
  readonly only?: RegExp;
}

export interface VitestRun {
  /** Whether it came to an end by itself. */
  readonly isDone: boolean;
  /** By their files, from the root of the tree: those that were heard of. */
  readonly files: ReadonlyMap<string, ReportedFile>;
}

interface ReportedFile {
  readonly name: string;
  readonly status: string;
  readonly assertionResults: readonly { readonly status: string; readonly title: string }[];
}

/** Its processes are a group of their own, and all end with it: a bug may keep one of them in a loop. */
export async function runVitest(order: VitestOrder): Promise<VitestRun> {
  const { tree, files, env, limitMs, signal, only } = order;
  const report = join(tree, 'report.json');
  await rm(report, { force: true });
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
  const limits = [`--testTimeout=${TEST_LIMIT_MS}`, `--hookTimeout=${TEST_LIMIT_MS}`];
  const reporter = ['--reporter=json', `--outputFile=${report}`];
  const names = only === undefined ? [] : ['--bail=1', '-t', only.source];
  const args = [vitest, 'run', ...limits, ...reporter, ...names, ...files];
  const child = spawn(process.execPath, args, { cwd: tree, detached: true, env, stdio: 'ignore' });
  const isDone = await new Promise<boolean>((resolve, reject) => {
    const end = () => {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    };
    const timer = setTimeout(end, limitMs);
    signal.addEventListener('abort', end);
    child.once('error', reject);
    child.once('exit', (_, killedBy) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve(killedBy === null);
    });
  });
  const text = await readFile(report, 'utf8').catch(() => '{"testResults":[]}');
  const reported: readonly ReportedFile[] = JSON.parse(text).testResults;
  return { isDone, files: new Map(reported.map((one) => [relative(tree, one.name), one])) };
}
