// Which tests `npm test` runs: those of every test file but the `*.full.test.ts`, which `npm run test:full` runs too. A
// guarantee none of whose tests is among them would be proven by the long run alone.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A test file, and what it imports of the tests' own files: the suites of a contract are in those. */
export interface TestFile {
  /** From the repository's root. */
  readonly file: string;
  readonly imports: readonly string[];
}

/** @returns the files whose tests the short run reaches, from the repository's root: its test files, and the suites
 * that they call. */
export function reachedBy(files: readonly TestFile[]): ReadonlySet<string> {
  const importsOf = new Map(files.map(({ file, imports }) => [file, imports]));
  const reached = new Set<string>();
  const open = files.map(({ file }) => file).filter(isShort);
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (reached.has(file)) continue;
    reached.add(file);
    open.push(...(importsOf.get(file) ?? []));
  }
  return reached;
}

/** @returns the test files of the short run that are this file, or call the suites in it. */
export function callersOf(files: readonly TestFile[], file: string): readonly string[] {
  const callers = files.filter((one) => isShort(one.file)).map((one) => one.file);
  const others = files.filter((one) => !callers.includes(one.file));
  return callers.filter((caller) => {
    const alone = files.filter((one) => one.file === caller);
    return reachedBy([...alone, ...others]).has(file);
  });
}

/** Of a test file: whether `npm test` runs it. */
export function isShort(file: string): boolean {
  return file.endsWith('.test.ts') && !file.endsWith('.full.test.ts');
}

/** All files of the two test folders. */
export async function readTestFiles(): Promise<readonly TestFile[]> {
  const folders = ['test', 'packages/saga/test'];
  const names = await Promise.all(folders.map((folder) => filesBelow(folder)));
  return Promise.all(names.flat().map(readTestFile));
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  const names = await readdir(join(ROOT, folder), { recursive: true });
  return names.filter((name) => name.endsWith('.ts')).map((name) => join(folder, name));
}

async function readTestFile(file: string): Promise<TestFile> {
  const content = await readFile(join(ROOT, file), 'utf8');
  const found = [...content.matchAll(/ from '(\.[^']+)'/g)];
  return { file, imports: found.map(([, path = '']) => join(file, '..', path)) };
}
