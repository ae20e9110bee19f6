// Everything the pages consist of, read once at the start: pages, styles, pictures, modules, and the packages
// they import. What is not here is not served, so no address can lead out of the folder. A page names its files under the
// version of them all: a browser may keep them for good, and asks for the page alone at its next visit. A page of another
// release names them under its own: a browser takes two addresses for two modules, each with a state of its own.

import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Asset, createAsset } from './asset.ts';
import { loadModules, type PageModule, urlOf } from './load-modules.ts';
import { CHART_STYLES } from './packages.ts';

export interface Site {
  /** By their addresses, which stay. */
  readonly pages: ReadonlyMap<string, Asset>;
  /** By their addresses below a version. */
  readonly files: ReadonlyMap<string, Asset>;
  /** Of all files together. */
  readonly version: string;
}

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
  const scripts = [...modules.values()].map(({ url, source }) => {
    return { url, type: TYPES['.js'], content: source };
  });
  const files = [...scripts, ...(await loadOthers(root))];
  const version = versionOf(files);
  const pages = PAGES.map(async ({ url, file, entry }) => {
    const html = await readFile(join(root, file), 'utf8');
    const preloads = preloadsOf(urlOf(root, join(root, entry)), modules);
    const named = withPreloads(html, preloads).replace(OWN_FILES, `$1/v/${version}$2`);
    return [url, createAsset(TYPES['.html'], named)] as const;
  });
  return {
    pages: new Map(await Promise.all(pages)),
    files: new Map(files.map(({ url, type, content }) => [url, createAsset(type, content)])),
    version,
  };
}

/** In a page: the attribute that asks for one of our files. */
const OWN_FILES = /((?:href|src)=")(\/(?:assets|vendor)\/[^"]+)/g;

interface ServedFile {
  readonly url: string;
  readonly type: string;
  readonly content: string | Buffer;
}

function versionOf(files: readonly ServedFile[]): string {
  const hash = createHash('sha256');
  for (const { url, type, content } of files.toSorted((a, b) => (a.url < b.url ? -1 : 1))) {
    hash.update(`${url}\n${type}\n${content.length}\n`).update(content);
  }
  return hash.digest('base64url').slice(0, VERSION_LENGTH);
}

const VERSION_LENGTH = 12;

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
} as const;

async function loadOthers(root: string): Promise<readonly ServedFile[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name));
  const found: ServedFile[] = [];
  for (const file of files) {
    const extension = extname(file);
    if (extension !== '.css' && extension !== '.svg') continue;
    found.push({ url: urlOf(root, file), type: TYPES[extension], content: await readFile(file) });
  }
  const chart = { url: CHART_STYLES.url, type: TYPES['.css'] };
  return [...found, { ...chart, content: await readFile(CHART_STYLES.file()) }];
}

// A browser would learn of each module only when it has read the one that imports it: a round trip for every
// level. With all of them named in the page, it requests them at once.
function preloadsOf(entry: string, modules: ReadonlyMap<string, PageModule>): readonly string[] {
  const needed = [entry];
  for (const url of needed) {
    for (const next of modules.get(url)?.imports ?? []) {
      if (!needed.includes(next)) needed.push(next);
    }
  }
  return needed;
}

function withPreloads(html: string, urls: readonly string[]): string {
  const links = urls.map((url) => `<link rel="modulepreload" href="${url}">`);
  return html.replace('</head>', `${links.join('')}</head>`);
}
