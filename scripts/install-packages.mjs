// Makes sure of the packages before a script runs, and says on standard error what takes time (standard output belongs
// to the script that follows). When everything is there it is silent, and done in the time Node takes to start.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { npmCi } from './npm-ci.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const MODULES = join(ROOT, 'node_modules');
const LOCK_FILE = join(ROOT, 'package-lock.json');
const INSTALLED_LOCK = join(MODULES, '.package-lock.json');
const STAMP = join(MODULES, '.reclaim-setup');
const BUSY = join(ROOT, '.cache', 'setup.pid');
const OLDEST_NODE = 24;
const WAIT_LIMIT_MS = 600_000;

export async function installPackages() {
  if (isInstalled()) return;
  const release = await takeTurn();
  try {
    if (!isInstalled()) await install();
  } finally {
    release();
  }
}

/** By the lock that was installed last or, where somebody ran npm by hand, by what npm says it has put here. */
function isInstalled() {
  // A folder that is linked in belongs to somebody else, who keeps it up to date.
  if (existsSync(MODULES) && lstatSync(MODULES).isSymbolicLink()) return true;
  if (!existsSync(INSTALLED_LOCK) || !existsSync(join(MODULES, '.bin', 'node'))) return false;
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === fingerprint()) return true;
  return isSame(packagesIn(INSTALLED_LOCK), packagesIn(LOCK_FILE));
}

/** npm writes its own copy of the lock last; what is optional may be missing from it. */
function isSame(installed, wanted) {
  const versions = (packages, key) => packages[key]?.version;
  const isWanted = (key) => versions(wanted, key) === versions(installed, key);
  return (
    Object.keys(installed).every(isWanted) &&
    Object.keys(wanted).every((key) => key === '' || wanted[key].optional || isWanted(key))
  );
}

function packagesIn(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages;
}

function fingerprint() {
  return createHash('sha256').update(readFileSync(LOCK_FILE)).digest('hex');
}

async function install() {
  const keys = keysForThisMachine();
  say(
    `installing about ${keys.length} packages (npm ci). The first time takes from half a minute to two minutes, by the ` +
      'network and the machine',
  );
  const began = Date.now();
  const fault = await npmCi({ root: ROOT, keys, say });
  if (fault !== undefined) fail(fault);
  checkRuntime();
  writeFileSync(STAMP, fingerprint());
  say(`packages installed in ${Math.round((Date.now() - began) / 1_000)} s`);
}

/** The entries of the lock that npm puts here: those of other systems stay away, and so do hidden optional peers. */
function keysForThisMachine() {
  return Object.entries(packagesIn(LOCK_FILE))
    .filter(([key, { os, cpu, libc, optional, peer }]) => {
      if (key === '' || (optional && (peer || libc?.[0] === 'musl'))) return false;
      return (
        (os ?? [process.platform]).includes(process.platform) &&
        (cpu ?? [process.arch]).includes(process.arch)
      );
    })
    .map(([key]) => key);
}

/** The package `node` brings the runtime in an install script, which a machine may have forbidden. */
function checkRuntime() {
  let version;
  try {
    const node = join(MODULES, '.bin', 'node');
    version = execFileSync(node, ['--version'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch {
    rmSync(join(MODULES, '.bin', 'node'), { force: true });
    version = process.version;
    say(`the project's own Node could not be installed; going on with this machine's ${version}`);
  }
  if (Number(version.replace(/^v(\d+)[\s\S]*/, '$1')) >= OLDEST_NODE) return;
  fail(
    `Node ${OLDEST_NODE} or newer is needed, and this is ${version.trim()}. Allow the install script of the ` +
      'package "node" (npm config set ignore-scripts false), or install a newer Node.',
  );
}

/** Two set-ups at once would each empty what the other fills. */
async function takeTurn() {
  mkdirSync(dirname(BUSY), { recursive: true });
  const end = Date.now() + WAIT_LIMIT_MS;
  for (let waited = 0; ; waited += 1) {
    try {
      writeFileSync(BUSY, String(process.pid), { flag: 'wx' });
      process.once('exit', () => rmSync(BUSY, { force: true }));
      return () => rmSync(BUSY, { force: true });
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const holder = holderOf(BUSY);
    if (holder === undefined) rmSync(BUSY, { force: true });
    else if (Date.now() > end) fail(`process ${holder} has been installing for too long (${BUSY})`);
    else {
      if (waited % 5 === 0) say(`waiting for the set-up in process ${holder}`);
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
  }
}

function holderOf(file) {
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    if (pid > 1) process.kill(pid, 0);
    return pid > 1 ? pid : undefined;
  } catch (error) {
    return error.code === 'EPERM' ? 'of another user' : undefined;
  }
}

function say(line) {
  process.stderr.write(`set-up: ${line}\n`);
}

function fail(line) {
  say(line);
  process.exit(1);
}
