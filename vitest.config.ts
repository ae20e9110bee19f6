import { defineConfig } from 'vitest/config';
import { createClosingLine } from './test/support/closing-line.ts';

/** Left out of `npm test`. */
const FULL = ['**/*.full.test.ts'];
const ALL = ['test/**/*.test.ts', 'packages/*/test/**/*.test.ts'];
const UNIT = ['test/unit/**/*.test.ts', 'packages/*/test/unit/**/*.test.ts'];

const SHARED = {
  // No test promises these times, and a busy machine may well take ten times as long as a quiet one.
  testTimeout: 120_000,
  // As long as `waitFor`: a condition has come or it does not come.
  expect: { poll: { timeout: 60_000 } },
  hookTimeout: 120_000,
  // Tests wait for servers and leases: two processes leave two cores idle for a third of the time.
  maxWorkers: Number(process.env.RECLAIM_TEST_WORKERS ?? 3),
  // Of one file, where it says that they may be: those of `guards.full.test.ts` alone, which start a process each.
  maxConcurrency: 3,
  // Files share the processes that they run in: one for each file would load everything anew, one and a half seconds of
  // processor time. They keep nothing in modules, and what they put in place of a clock or of the environment they
  // take back.
  isolate: false,
};

export const PROJECTS = [
  { test: { ...SHARED, name: 'unit', include: UNIT, exclude: FULL } },
  { test: { ...SHARED, name: 'servers', include: ALL, exclude: [...FULL, ...UNIT] } },
  { test: { ...SHARED, name: 'full', include: FULL, exclude: ['**/node_modules/**'] } },
];

export default defineConfig({
  test: {
    // Of the whole run, so that the servers start once for all projects.
    globalSetup: ['test/support/global-setup.ts'],
    reporters: ['default', createClosingLine()],
    // The set-up ends its servers then: a MongoDB and, perhaps, a Docker daemon.
    teardownTimeout: 60_000,
    maxWorkers: SHARED.maxWorkers,
    projects: PROJECTS,
  },
});
