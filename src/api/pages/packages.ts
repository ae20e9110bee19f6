// The packages that the pages import, and the file of each that a browser reads. They are served by this
// server: a page loads no code from another host.

import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The file behind a bare import of a page, e.g. `preact/hooks`. @throws for a package that is not listed. */
export function packageFile(specifier: string): string {
  const known = BROWSER_FILES[specifier];
  if (known === undefined) throw new Error(`the pages may not import the package ${specifier}`);
  const [name, file] = known;
  return join(folderOf(name), file);
}

/** The name of a package and the path inside it; null for a file of no package. */
export function packagePath(file: string): { readonly name: string; readonly path: string } | null {
  for (const [name] of Object.values(BROWSER_FILES)) {
    const folder = folderOf(name) + sep;
    if (file.startsWith(folder)) {
      return { name, path: file.slice(folder.length).replaceAll(sep, '/') };
    }
  }
  return null;
}

/** The style sheet that uPlot's canvases need. */
export const CHART_STYLES = { url: '/vendor/uplot.css', file: () => styleFile() } as const;

const BROWSER_FILES: Readonly<Record<string, readonly [name: string, file: string]>> = {
  preact: ['preact', 'dist/preact.mjs'],
  'preact/hooks': ['preact', 'hooks/dist/hooks.mjs'],
  htm: ['htm', 'dist/htm.module.js'],
  uplot: ['uplot', 'dist/uPlot.esm.js'],
  '@firebase/app': ['@firebase/app', 'dist/esm/index.esm.js'],
  '@firebase/auth': ['@firebase/auth', 'dist/esm/index.js'],
  '@firebase/component': ['@firebase/component', 'dist/esm/index.esm.js'],
  '@firebase/logger': ['@firebase/logger', 'dist/esm/index.esm.js'],
  '@firebase/util': ['@firebase/util', 'dist/index.esm.js'],
  idb: ['idb', 'build/index.js'],
};

function styleFile(): string {
  return join(folderOf('uplot'), 'dist/uPlot.min.css');
}

// A package's main file lies some folders below its own, which bears its name wherever npm has put it.
function folderOf(name: string): string {
  const main = fileURLToPath(import.meta.resolve(name));
  const marker = join('node_modules', name) + sep;
  const at = main.lastIndexOf(marker);
  if (at < 0) throw new Error(`the package ${name} is not where npm installs packages: ${main}`);
  return main.slice(0, at + marker.length - sep.length);
}
