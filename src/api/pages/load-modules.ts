// The pages' modules, as a browser needs them: found from a page's entry by their imports, each at an address of
// its own, with the names of packages replaced by addresses. That replacement is all that is done to them: there
// is no build, and what runs is what is written.

import { readFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { init, parse } from 'es-module-lexer';
import { packageFile, packagePath } from './packages.ts';

export interface PageModule {
  readonly url: string;
  /** In order: text as it is written, and addresses that stand for what it imports. */
  readonly parts: readonly ModulePart[];
  /** Addresses of what it needs before it runs; what it loads later is not among them. */
  readonly imports: readonly string[];
}

export type ModulePart =
  | { readonly text: string }
  /** Quoted where a dynamic import names an expression. */
  | { readonly url: string; readonly isQuoted: boolean };

/** The module as it is served. @param addressOf where a browser shall ask for what stands at an address. */
export function sourceOf({ parts }: PageModule, addressOf: (url: string) => string): string {
  return parts
    .map((part) => {
      if ('text' in part) return part.text;
      const address = addressOf(part.url);
      return part.isQuoted ? JSON.stringify(address) : address;
    })
    .join('');
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
  const needs: string[] = [];
  const imports: string[] = [];
  const parts: ModulePart[] = [];
  let copied = 0;
  for (const { n: name, s: start, e: end, d: dynamicAt } of specifiers) {
    // `import.meta`, or a name that is only known when it runs.
    if (name === undefined) continue;
    const needed = name.startsWith('.') ? join(dirname(file), name) : packageFile(name);
    const url = urlOf(root, needed);
    needs.push(needed);
    const isStatic = dynamicAt === -1;
    if (isStatic) imports.push(url);
    parts.push({ text: text.slice(copied, start) }, { url, isQuoted: !isStatic });
    copied = end;
  }
  parts.push({ text: text.slice(copied) });
  return { module: { url: urlOf(root, file), parts, imports }, needs };
}
