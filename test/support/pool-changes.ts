// Changes of a pool state as the tests make them, here and in processes of their own.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished } from 'vitest';
import type { PoolState } from '../../src/pool-state/pool-state.ts';
import type { PoolStates } from '../../src/pool-state/pool-states.ts';

const CHILD = fileURLToPath(new URL('./pool-state-child.ts', import.meta.url));

type Mutation = Parameters<PoolStates['mutate']>[0];

/** @param given what is particular to it; else no fence, and plenty of time. */
export function mutate(
  states: PoolStates,
  change: Mutation['change'],
  given: Partial<Mutation> = {},
) {
  const signal = AbortSignal.timeout(20_000);
  return states.mutate({ change, fence: noFence, signal, ...given });
}

export async function noFence(): Promise<void> {}

export function countUp(state: PoolState): PoolState {
  return { ...state, nextPoolId: (state.nextPoolId ?? 0) + 1 };
}

/** @param target the file, or the address of the database. */
export function startPoolChild(
  deed: 'count' | 'hold' | 'platform',
  target: string,
  times = 1,
): ChildProcess {
  const child = fork(CHILD, [deed, target, String(times)], { execArgv: [] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return child;
}

/** When it has done all it was to do. */
export async function isDone(child: ChildProcess): Promise<void> {
  const [[word]] = await Promise.all([once(child, 'message'), once(child, 'exit')]);
  expect(word).toBe('done');
}
