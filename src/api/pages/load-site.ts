// Everything the pages consist of, read once at the start: pages, styles, pictures, modules, and the packages
// they import. What is not here is not served, so no address can lead out of the folder. A page names its files by the
// version of them all: a browser may keep them for good, and asks for the page alone at its next visit.

import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Asset, createAsset } from './asset.ts';
import { loadModules, type PageModule, sourceOf, urlOf } from './load-modules.ts';
import { CHART_STYLES } from './packages.ts';

export interface Site {
  /** By their addresses, which stay. */
  readonly pages: ReadonlyMap<string, Asset>;
  /** By their addresses without the version. */
  readonly files: ReadonlyMap<string, SiteFile>;
  /** Of all files together: what a page asks for with `?v=`. */
  readonly version: string;
}

export interface SiteFile {
  /** Of the site's own version. */
  readonly asset: Asset;
  /** As a page of another release needs it: what it imports has that release's version too, because a browser takes two
   * addresses for two modules, each with a state of its own. */
  readonly forVersion: (version: string) => Asset;
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
  const others = await loadOthers(root);
  // Of what is served, but for the version itself.
  const version = versionOf([
    ...[...modules.values()].map((module) => scriptOf(module, '')),
    ...others,
  ]);
  const addressOf = (url: string) => withVersion(url, version);
  const pages = PAGES.map(async ({ url, file, entry }) => {
    const html = await readFile(join(root, file), 'utf8');
    const named = html.replace(OWN_FILES, (_, before, own) => before + addressOf(own));
    const preloads = preloadsOf(urlOf(root, join(root, entry)), modules).map(addressOf);
    return [url, createAsset(TYPES['.html'], withPreloads(named, preloads))] as const;
  });
  const scripts = [...modules.values()].map((module) => {
    const forVersion = (wanted: string) => assetOf(scriptOf(module, wanted));
    return [module.url, { asset: forVersion(version), forVersion }] as const;
  });
  const rest = others.map((file) => {
    const asset = assetOf(file);
    return [file.url, { asset, forVersion: () => asset }] as const;
  });
  return {
    pages: new Map(await Promise.all(pages)),
    files: new Map([...scripts, ...rest]),
    version,
  };
}

function withVersion(url: string, version: string): string {
  return `${url}?v=${version}`;
}

function scriptOf(module: PageModule, version: string): ServedFile {
  const content = sourceOf(module, (url) => withVersion(url, version));
  return { url: module.url, type: TYPES['.js'], content };
}

function assetOf({ type, content }: ServedFile): Asset {
  return createAsset(type, content);
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

/** Whether it may be the version of another release: it is written into what is sent. */
export function isVersion(text: unknown): text is string {
  return typeof text === 'string' && text.length === VERSION_LENGTH && /^[\w-]+$/.test(text);
}

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
