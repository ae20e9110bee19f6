// Everything the pages consist of, read once at the start: pages, styles, pictures, modules, and the packages
// they import. What is not here is not served, so no address can lead out of the folder.

import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Asset, createAsset } from './asset.ts';
import { loadModules, type PageModule, urlOf } from './load-modules.ts';
import { CHART_STYLES } from './packages.ts';

/** Address → what is served there. */
export type Site = ReadonlyMap<string, Asset>;

const ROOT = fileURLToPath(new URL('../../../web', import.meta.url));

/** Pages stand at addresses of their own; all else under /assets/ and /vendor/. */
const PAGES = [
  { url: '/', file: 'portfolio.html', entry: 'portfolio/main.js' },
  { url: '/ops', file: 'operations.html', entry: 'operations/main.js' },
] as const;

export async function loadSite(root = ROOT): Promise<Site> {
  const modules = await loadModules(
    root,
    PAGES.map(({ entry }) => join(root, entry)),
  );
  const pages = PAGES.map(async ({ url, file, entry }) => {
    const html = await readFile(join(root, file), 'utf8');
    const asset = createAsset(
      TYPES['.html'],
      withPreloads(html, urlOf(root, join(root, entry)), modules),
    );
    return [url, asset] as const;
  });
  const scripts = [...modules.values()].map(
    ({ url, source }) => [url, createAsset(TYPES['.js'], source)] as const,
  );
  return new Map([
    ...(await Promise.all(pages)),
    ...scripts,
    ...(await loadOthers(root)),
    [CHART_STYLES.url, createAsset(TYPES['.css'], await readFile(CHART_STYLES.file()))],
  ]);
}

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
} as const;

async function loadOthers(root: string): Promise<(readonly [string, Asset])[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name));
  const found: (readonly [string, Asset])[] = [];
  for (const file of files) {
    const extension = extname(file);
    if (extension !== '.css' && extension !== '.svg') continue;
    found.push([urlOf(root, file), createAsset(TYPES[extension], await readFile(file))]);
  }
  return found;
}

// A browser would learn of each module only when it has read the one that imports it: a round trip for every
// level. With all of them named in the page, it requests them at once.
function withPreloads(
  html: string,
  entry: string,
  modules: ReadonlyMap<string, PageModule>,
): string {
  const needed = [entry];
  for (const url of needed) {
    for (const next of modules.get(url)?.imports ?? []) {
      if (!needed.includes(next)) needed.push(next);
    }
  }
  const links = needed.map((url) => `<link rel="modulepreload" href="${url}">`);
  return html.replace('</head>', `${links.join('')}</head>`);
}
