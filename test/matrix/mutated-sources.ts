// A copy of the sources with one bug at a time in it.

import { execFileSync } from 'node:child_process';
import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Mutation, mutate } from './mutations.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

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
