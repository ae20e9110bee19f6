// One test of crashes on the product's own services: runs a definition in each of its worlds, says how many runs there
// were, and expects that nothing went wrong and that no point of the definition was left out.

import { expect, type TestContext } from 'vitest';
import type { Json } from '../../../packages/saga/src/json.ts';
import {
  type CrashReport,
  type CrashTest,
  crashEverywhere,
} from '../../../packages/saga/src/testing/index.ts';
import type { CrashServices } from './crash-services.ts';

/** `npm run crash`: every pair of faults in every world; takes some ten times as long. */
const isExhaustive = process.env.CRASH_ALL === '1';

export const CRASH_TIMEOUT_MS = isExhaustive ? 4 * 3_600_000 : 600_000;

/** Sagas under way at once. */
const WIDTH = 60;

/** @param kind of a definition that the application runs: its points are those of the real one. */
export async function expectNoHarm<World>(
  { task }: TestContext,
  environment: CrashServices,
  kind: string,
  worlds: readonly CrashTest<Json, World>[],
  { width = WIDTH }: { readonly width?: number } = {},
): Promise<void> {
  const { overQueue: _, ...direct } = environment;
  const [{ engine }] = environment.processes;
  const { definition } = engine.registry.newest(kind);
  const pairs = isExhaustive ? 'every-pair' : 'each-point';
  const shared = { pairs, width, stopsAtFirst: false } as const;
  const reports: CrashReport[] = [];
  for (const world of worlds) {
    // Every point once over the queue is enough: the first world leads through all of them. Seconds each, they are for
    // those that can wait side by side.
    const isQueued = isExhaustive || (reports.length === 0 && width > 1);
    const own = { environment: isQueued ? environment : direct };
    reports.push(await crashEverywhere(definition, { ...world, ...shared, ...own }));
  }
  const sum = (count: 'runs' | 'queued') => reports.reduce((all, one) => all + one[count], 0);
  const points = new Set(reports.flatMap((one) => one.points)).size;
  task.meta.wentThrough = `crash points of ${definition.name}: ${points}, in ${sum('runs')} runs, ${sum('queued')} of them over the queue`;
  expect(reports.flatMap(({ violations }) => violations.map(String))).toEqual([]);
  const [first, ...others] = reports;
  const missed = first?.missed.filter((point) => others.every((one) => one.missed.includes(point)));
  expect(missed).toEqual([]);
}
