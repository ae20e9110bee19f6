// Which test files can meet a change of a source file: those that import it, directly or through others. Read from the
// text of the files. A path that only starts a process, `new URL('./x.ts', …)`, counts as an import; one of types does
// not, because nothing of it is there at run time.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Of each file what it imports, from the repository's root. */
export type ImportGraph = ReadonlyMap<string, readonly string[]>;

const IMPORTED =
  /^(?:import|export)\s+(?!type\b)[^'";]*?from\s+'([^']+)'|\bimport\(\s*'([^']+)'|^import\s+'([^']+)'|new URL\(\s*'(\.[^']+)'/gm;

/** @param exported the engine's own entry points, as its package.json has them: what stands for which file. */
export async function readImportGraph(
  root: string,
  files: readonly string[],
  exported: Readonly<Record<string, string>>,
): Promise<ImportGraph> {
  const known = new Set(files);
  const read = async (file: string) => {
    const content = await readFile(join(root, file), 'utf8');
    const imports = importsIn(content, file, exported).filter((one) => known.has(one));
    return [file, [...new Set(imports)]] as const;
  };
  return new Map(await Promise.all(files.filter((file) => /\.m?[jt]s$/.test(file)).map(read)));
}

export function importsIn(
  content: string,
  file: string,
  exported: Readonly<Record<string, string>>,
): readonly string[] {
  return [...content.matchAll(IMPORTED)].flatMap(([, ...found]) => {
    const path = found.find((one) => one !== undefined) ?? '';
    return path.startsWith('.') ? [join(file, '..', path)] : (exported[path] ?? []);
  });
}

/** @returns all that a file reaches, itself among them. */
export function reachOf(graph: ImportGraph, file: string): ReadonlySet<string> {
  const reached = new Set<string>();
  const open = [file];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (reached.has(next)) continue;
    reached.add(next);
    open.push(...(graph.get(next) ?? []));
  }
  return reached;
}
