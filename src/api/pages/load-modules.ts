// The pages' modules, as a browser needs them: found from a page's entry by their imports, each at an address of
// its own, with the names of packages replaced by addresses. That replacement is all that is done to them: there
// is no build, and what runs is what is written. The addresses are relative, as those of a page's own modules are: all
// that a module imports stands under the version that it was asked for by.

import { readFile } from 'node:fs/promises';
import { dirname, join, posix, relative, sep } from 'node:path';
import { init, parse } from 'es-module-lexer';
import { packageFile, packagePath } from './packages.ts';

export interface PageModule {
  readonly url: string;
  readonly source: string;
  /** Addresses of what it needs before it runs; what it loads later is not among them. */
  readonly imports: readonly string[];
}

/** All modules that the entries (files below `root`) come to, by their addresses.
 * @throws when a module is missing, or a package is not one that the pages may import. */
export async function loadModules(
  root: string,
  entries: readonly string[],
): Promise<ReadonlyMap<string, PageModule>> {
  await init;
  const modules = new Map<string, PageModule>();
  const files = [...entries];
  // Grows while it is gone through, by every file that was not there before.
  for (const file of files) {
    const { module, needs } = await loadModule(root, file);
    modules.set(module.url, module);
    for (const need of needs) if (!files.includes(need)) files.push(need);
  }
  return modules;
}

/** Where a file of the pages, or of a package, is served. */
export function urlOf(root: string, file: string): string {
  const inPackage = packagePath(file);
  if (inPackage !== null) return `/vendor/${inPackage.name}/${inPackage.path}`;
  return `/assets/${relative(root, file).replaceAll(sep, '/')}`;
}

async function loadModule(root: string, file: string) {
  const text = await readFile(file, 'utf8');
  const [specifiers] = parse(text, file);
  const url = urlOf(root, file);
  const needs: string[] = [];
  const imports: string[] = [];
  let source = '';
  let copied = 0;
  for (const { n: name, s: start, e: end, d: dynamicAt } of specifiers) {
    // `import.meta`, or a name that is only known when it runs.
    if (name === undefined) continue;
    const isPackage = !name.startsWith('.');
    const needed = isPackage ? packageFile(name) : join(dirname(file), name);
    needs.push(needed);
    const isStatic = dynamicAt === -1;
    if (isStatic) imports.push(urlOf(root, needed));
    if (!isPackage) continue;
    const address = `./${posix.relative(posix.dirname(url), urlOf(root, needed))}`;
    // Of a dynamic import the quotes are replaced too.
    source += text.slice(copied, start) + (isStatic ? address : JSON.stringify(address));
    copied = end;
  }
  return { module: { url, source: source + text.slice(copied), imports }, needs };
}
