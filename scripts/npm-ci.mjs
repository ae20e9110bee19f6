// One `npm ci` that says how far it has come, and gives up with a reason where npm would try in silence for minutes.
// npm tells each of its requests (`--loglevel=http`); what has come lies in node_modules.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const REPORT_EVERY_MS = 5_000;
const CHECK_EVERY_MS = 500;
/** Requests fail and nothing else comes: what a name server or a firewall says at once. */
const REFUSED_LIMIT_MS = 20_000;
/** Nothing fails and nothing has ever come. */
const SILENCE_LIMIT_MS = 60_000;
const FLAGS = [
  // A surrounding `npm run -s` or NODE_ENV would leave out errors or the tests' packages.
  ...['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=http'],
  // For each request two repeats and a minute, instead of npm's two and five minutes.
  ...['--fetch-retries=2', '--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=5000'],
  '--fetch-timeout=60000',
];
const SHOWN_ERRORS = 12;

/**
 * @param keys what the lock installs on this machine, as folders below `root`.
 * @returns undefined, or one sentence about what went wrong; npm's own errors are said before it.
 */
export async function npmCi({ root, keys, say }) {
  const npm = process.env.npm_execpath;
  const [command, args] = npm ? [process.execPath, [npm]] : ['npm', []];
  const stdio = ['ignore', 'ignore', 'pipe'];
  const child = spawn(command, [...args, ...FLAGS], { cwd: root, stdio });
  const began = Date.now();
  const persisted = { answers: 0, lastMs: began, failure: '', registry: '', errors: [] };
  createInterface({ input: child.stderr }).on('line', (line) => hear(persisted, line));
  const unpacked = () => keys.filter((key) => existsSync(join(root, key, 'package.json'))).length;
  const ticker = setInterval(() => {
    say(`${phase(persisted.answers, unpacked(), keys.length)} (${secondsSince(began)} s)`);
  }, REPORT_EVERY_MS);
  let isAway = false;
  const watch = setInterval(() => {
    const silentMs = Date.now() - persisted.lastMs;
    const hasCome = persisted.answers > 0 || unpacked() > 0;
    isAway = silentMs > (persisted.failure === '' ? SILENCE_LIMIT_MS : REFUSED_LIMIT_MS);
    isAway &&= persisted.failure !== '' || !hasCome;
    if (isAway) child.kill();
  }, CHECK_EVERY_MS);
  const stop = (signal) => child.kill(signal);
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const outcome = await new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(signal ?? code));
  });
  clearInterval(ticker);
  clearInterval(watch);
  if (outcome === 0) return undefined;
  if (isAway || (persisted.failure !== '' && persisted.answers === 0))
    return awaySentence(persisted);
  for (const line of persisted.errors.slice(0, SHOWN_ERRORS)) say(line);
  return `npm ci failed (${outcome}); its messages are above`;
}

function hear(persisted, line) {
  const [, url, outcome] = /^npm http fetch [A-Z]+ (?:\d+ )?(\S+) (.*)$/.exec(line) ?? [];
  const [, failure] = /^attempt \d+ failed with (.+)$/.exec(outcome ?? '') ?? [];
  if (line.startsWith('npm error')) persisted.errors.push(line);
  if (url === undefined) return;
  if (failure === undefined) {
    Object.assign(persisted, { answers: persisted.answers + 1, lastMs: Date.now(), failure: '' });
  } else Object.assign(persisted, { failure, registry: hostOf(url) });
}

function phase(answers, unpacked, total) {
  // Some that only other systems' packages need stay away.
  if (unpacked > total * 0.9)
    return `${unpacked} packages are here; getting the project's own Node`;
  if (unpacked > 0) return `installing packages: ${unpacked} of about ${total}`;
  if (answers > 0) return `asking for ${total} packages: ${Math.min(answers, total)} answered`;
  return 'waiting for the first answer of the package registry';
}

function awaySentence({ failure, registry }) {
  const what = failure === '' ? 'no answer' : failure;
  return (
    `the package registry ${registry ? `${registry} ` : ''}cannot be reached (${what}). Connect this machine, or ` +
    'name its proxy or mirror (npm config set proxy …, npm config set registry …), and run the same again: ' +
    "what has been fetched is kept in npm's cache."
  );
}

function hostOf(url) {
  return URL.canParse(url) ? new URL(url).host : '';
}

function secondsSince(began) {
  return Math.round((Date.now() - began) / 1_000);
}
