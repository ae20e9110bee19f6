// A real worker process beside a test's application, to be killed as an operating system kills: without a
// word to anybody. Only processes that were started here are ever signalled.

import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { childEnv } from './child-env.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const POOL_STATE_CHILD = fileURLToPath(new URL('./pool-state-child.ts', import.meta.url));

export interface KillableProcess {
  readonly pid: number;
  /** SIGKILL; resolves when the process is gone. Idempotent. */
  kill(): Promise<void>;
  /** SIGTERM, as a process manager does it. @returns the exit code. */
  end(): Promise<number | null>;
  /** Waits until it ends by itself. @returns the exit code. */
  ended(): Promise<number | null>;
}

/** `workers/all.ts` in this environment; killed when the test has finished. */
export async function startWorkerProcess(
  env: Readonly<Record<string, string>>,
): Promise<KillableProcess> {
  const child = spawn(process.execPath, ['workers/all.ts'], {
    cwd: ROOT,
    env: { ...childEnv(), ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return killable(child);
}

/** A living process that holds the lock of a pool state file until it is let go: stopped, because one that
 * runs gives a lock back that it keeps for too long. */
export async function holdPoolStateLock(file: string): Promise<{ letGo(): Promise<void> }> {
  const child = fork(POOL_STATE_CHILD, ['hold', file], { execArgv: [] });
  await killable(child);
  const [word] = await once(child, 'message');
  if (word !== 'holding') throw new Error(`the lock was not taken: ${word}`);
  child.kill('SIGSTOP');
  return {
    letGo: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGCONT');
      // One that stood still for too long gives the lock back by itself as soon as it goes on, and may be gone.
      child.send('go on', () => undefined);
      await ended;
    },
  };
}

async function killable(child: ChildProcess): Promise<KillableProcess> {
  const gone = once(child, 'exit');
  const kill = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await gone;
  };
  onTestFinished(kill);
  await once(child, 'spawn');
  const { pid } = child;
  if (pid === undefined) throw new Error('the process has no id');
  const ended = async () => {
    await gone;
    return child.exitCode;
  };
  const end = () => {
    child.kill('SIGTERM');
    return ended();
  };
  return { pid, kill, end, ended };
}
