// A process of its own, as production starts one: begun, weighed and ended.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { pause } from '@reclaim/saga';

const WORKER = fileURLToPath(new URL('../workers/all.ts', import.meta.url));
/** As `npm run workers` and the compose file start a process: without limits V8 lets garbage grow for a machine's sake
 * that has room for it. */
export const HEAP_LIMITS = ['--max-semi-space-size=8', '--max-old-space-size=256'];
const STOP_WITHIN_MS = 10_000;
const START_WITHIN_MS = 60_000;
const CHECK_EVERY_MS = 100;

export function startProcess(
  entry: string,
  nodeFlags: readonly string[],
  env: Readonly<Record<string, string>>,
): ChildProcess {
  return spawn(process.execPath, [...nodeFlags, entry], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** Every kind of worker in one process. */
export function startWorkerProcess(env: Readonly<Record<string, string>>): ChildProcess {
  return startProcess(WORKER, HEAP_LIMITS, env);
}

/** Resolves when it answers; fails when it ends before, or takes too long. */
export async function whenServing(
  api: ChildProcess,
  url: string,
  signal: AbortSignal,
): Promise<void> {
  const endMs = performance.now() + START_WITHIN_MS;
  while (performance.now() < endMs) {
    signal.throwIfAborted();
    if (api.exitCode !== null) throw new Error(`the API ended with ${api.exitCode}`);
    const answer = await fetch(`${url}/livez`).catch(() => null);
    await answer?.text();
    if (answer?.ok === true) return;
    await pause(CHECK_EVERY_MS, signal);
  }
  throw new Error(`the API does not serve within ${START_WITHIN_MS} ms`);
}

/** The resident set, in megabytes. */
export async function residentMb({ pid = 0 }: ChildProcess): Promise<number> {
  // Not every system has the one, and not every one the other.
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const fromProc = /^VmRSS:\s+(\d+) kB/m.exec(status)?.[1];
  if (fromProc !== undefined) return Number(fromProc) / 1_024;
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)]);
  return Number(stdout) / 1_024;
}

export async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  await ended;
  clearTimeout(force);
}
