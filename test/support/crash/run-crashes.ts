// One test of crashes: runs them, tells how many there were, and expects that nothing went wrong and that no
// point of the definition was left out.

import { expect, type TestContext } from 'vitest';
import type { SagaDefinition } from '../../../packages/saga/src/definition.ts';
import { crashEverywhere } from '../../../packages/saga/src/testing/crash/crash-everywhere.ts';
import type {
  CrashGround,
  CrashScenario,
} from '../../../packages/saga/src/testing/crash/crash-scenario.ts';

/** `npm run crash`: every pair of faults in every scenario; takes some ten times as long. */
const isExhaustive = process.env.CRASH_ALL === '1';

export const CRASH_TIMEOUT_MS = isExhaustive ? 4 * 3_600_000 : 600_000;

export async function expectNoHarm(
  { task }: TestContext,
  ground: CrashGround,
  definition: SagaDefinition,
  scenarios: readonly CrashScenario[],
): Promise<void> {
  const summary = await crashEverywhere(definition, { ground, scenarios, isExhaustive });
  const { points, runs, queued, problems, missed } = summary;
  task.meta.wentThrough = `crash points of ${definition.name}: ${points}, in ${runs} runs, ${queued} of them over the queue`;
  expect(problems).toEqual([]);
  expect(missed).toEqual([]);
}
