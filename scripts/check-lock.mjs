// Proves that package-lock.json is whole for every npm that people have: each release of the list reads it as its own
// `npm ci` would, in a folder of its own, and installs nothing. A release that cannot be had here proves nothing, and
// is named: it is neither a failure nor a pass.

import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** With Node 20.0, Node 20 and 22, Node 22 of late, Node 24 early and of late, and the two that came after. */
const RELEASES = ['9.6.4', '10.8.2', '10.9.4', '11.0.0', '11.6.2', '11.12.0', '11.19.0'];
const FETCH_TIMEOUT_MS = 30_000;
const CHECK_TIMEOUT_MS = 30_000;

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'check-lock-'));
const releases = process.argv.length > 2 ? process.argv.slice(2) : RELEASES;
let isSpoilt = false;
try {
  const { workspaces } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const manifests = ['', ...workspaces].map((one) => join(one, 'package.json'));
  for (const file of [...manifests, 'package-lock.json']) {
    cpSync(join(root, file), join(folder, file));
  }
  const open = withoutIntegrity();
  if (open.length > 0) refuse(`no integrity for ${open.join(', ')}`);
  for (const release of releases) await check(release);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (isSpoilt) refuse('run `node scripts/complete-lock.mjs` and commit what it changes');
process.exitCode = isSpoilt ? 1 : 0;

async function check(release) {
  const version = await npm(release, ['--version'], FETCH_TIMEOUT_MS);
  if (version.text.trim() !== release) {
    say(`not proven with npm ${release}, which could not be had: ${firstLine(version.text)}`);
    return;
  }
  const flags = ['--dry-run', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const { isDone, text } = await npm(release, ['ci', ...flags], CHECK_TIMEOUT_MS);
  if (isDone) say(`whole for npm ${release}`);
  else refuse(`npm ${release} refuses it: ${complaints(text)}`);
}

async function npm(release, args, timeout) {
  const exec = ['exec', '--yes', '--package', `npm@${release}`, '--', 'npm', ...args];
  try {
    const { stdout } = await promisify(execFile)('npm', exec, { cwd: folder, timeout });
    return { isDone: true, text: stdout };
  } catch (error) {
    const text = `${error.stdout ?? ''}${error.stderr ?? ''}`;
    return { isDone: false, text: error.killed ? 'no answer in time' : text || error.message };
  }
}

function withoutIntegrity() {
  const { packages } = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8'));
  // A folder of this repository, and the link to it, come from no registry.
  const isFetched = (key) => key.startsWith('node_modules/') && !packages[key].link;
  return Object.keys(packages).filter((key) => isFetched(key) && !packages[key].integrity);
}

function complaints(text) {
  const lines = text.match(/(?:Missing|Invalid): .*/g);
  return lines === null ? firstLine(text) : [...new Set(lines)].join('; ');
}

function firstLine(text) {
  return text.trim().split('\n')[0];
}

function refuse(line) {
  isSpoilt = true;
  say(line);
}

function say(line) {
  process.stdout.write(`lock: ${line}\n`);
}
