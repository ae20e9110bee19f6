// Makes package-lock.json whole for every npm, after `npm install` or `npm update`. Run it whenever the lock has
// changed; it changes nothing twice. Three things are missing from what one npm writes:
// 1. Packages of other platforms that the registry at hand does not serve. `npm ci` refuses a lock without them.
// 2. Optional peers that a hoisted package of another version hides (gcp-metadata of mongodb). npm 11.12 and later
//    leave them out, and every npm before them refuses a lock without them; all accept a lock that has them.
// 3. Integrities: an entry without one is installed unchecked.

import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Of the npms that ask for hidden optional peers; it ships with Node 20. */
const ASKING_NPM = '10.8.2';

const root = fileURLToPath(new URL('..', import.meta.url));
const path = join(root, 'package-lock.json');
const before = readFileSync(path, 'utf8');
const lock = JSON.parse(before);

const stubs = addForeignPlatforms(lock.packages);
const peers = addHiddenPeers(lock.packages);
const integrities = addIntegrities(lock.packages);
lock.packages = inNpmsOrder(lock.packages);
const after = `${JSON.stringify(lock, null, 2)}\n`;
if (after !== before) writeFileSync(path, after);

say('packages of other platforms added', stubs);
say('hidden optional peers added', peers);
say('integrities added', integrities);
const open = Object.keys(lock.packages).filter(
  (key) => isFetched(key) && !lock.packages[key].integrity,
);
if (open.length > 0) {
  say('entries that the registry gives no integrity for', open);
  process.exitCode = 1;
}

/** A folder of this repository, and the link to it, come from no registry. */
function isFetched(key) {
  return key.startsWith('node_modules/') && !lock.packages[key].link;
}

function manifests() {
  return [
    'package.json',
    ...JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).workspaces.map(
      (one) => `${one}/package.json`,
    ),
  ];
}

function addForeignPlatforms(packages) {
  const added = [];
  for (const owner of Object.values(packages)) {
    for (const [name, version] of Object.entries(owner.optionalDependencies ?? {})) {
      const key = `node_modules/${name}`;
      // Only exact versions can be stubbed; a range is resolved by npm itself.
      if (!/^\d/.test(version) || key in packages) continue;
      const dev = owner.dev && { dev: true };
      packages[key] = { version, ...platformOf(name), ...dev, optional: true };
      added.push(`${name}@${version}`);
    }
  }
  return added;
}

/** What an older npm adds to the same lock. Only its additions are taken: it drops every `libc` on the way. */
function addHiddenPeers(packages) {
  const folder = mkdtempSync(join(tmpdir(), 'complete-lock-'));
  try {
    for (const one of manifests()) cpSync(join(root, one), join(folder, one));
    writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lock, null, 2));
    const install = ['install', '--package-lock-only', '--ignore-scripts', '--no-audit'];
    npm(['exec', '--yes', '--package', `npm@${ASKING_NPM}`, '--', 'npm', ...install], folder);
    const theirs = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')).packages;
    const added = Object.keys(theirs).filter((key) => !(key in packages));
    for (const key of added) packages[key] = theirs[key];
    return added;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function addIntegrities(packages) {
  const added = [];
  for (const [key, entry] of Object.entries(packages)) {
    if (!isFetched(key) || entry.integrity) continue;
    const name = entry.name ?? key.slice(key.lastIndexOf('node_modules/') + 'node_modules/'.length);
    const integrity = publishedIntegrity(`${name}@${entry.version}`);
    if (integrity === '') continue;
    const { version, ...rest } = entry;
    packages[key] = { version, integrity, ...rest };
    added.push(`${name}@${version}`);
  }
  return added;
}

function publishedIntegrity(spec) {
  try {
    return npm(['view', spec, 'dist.integrity'], root).trim();
  } catch {
    return '';
  }
}

function npm(args, cwd) {
  const stdio = ['ignore', 'pipe', 'ignore'];
  return execFileSync('npm', args, { cwd, stdio, encoding: 'utf8' });
}

function inNpmsOrder(packages) {
  const keys = Object.keys(packages).sort((a, b) => a.localeCompare(b, 'en'));
  return Object.fromEntries(keys.map((key) => [key, packages[key]]));
}

/** `…-linux-x64-musl` and the like. @throws for a name that says nothing: it would go everywhere. */
function platformOf(name) {
  const pattern = /-(android|darwin|freebsd|linux|openharmony|win32)-([a-z0-9]+?)(?:-(\w+))?$/;
  const [, os, cpu, abi = ''] = pattern.exec(name) ?? [];
  if (os === undefined) throw new Error(`the name ${name} does not tell its platform`);
  const libc = abi.startsWith('musl') ? ['musl'] : ['glibc'];
  const hasLibc = os === 'linux' && (abi.startsWith('musl') || abi.startsWith('gnu'));
  return { os: [os], cpu: [cpu], ...(hasLibc && { libc }) };
}

function say(what, names) {
  process.stdout.write(`${names.length} ${what} ${names.join(' ')}\n`);
}
