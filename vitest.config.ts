import { defineConfig } from 'vitest/config';
import { createClosingLine } from './test/support/closing-line.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'packages/*/test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    reporters: ['default', createClosingLine()],
    // No test promises these times, and a busy machine may well take ten times as long as a quiet one.
    testTimeout: 120_000,
    // As long as `waitFor`: a condition has come or it does not come.
    expect: { poll: { timeout: 60_000 } },
    hookTimeout: 120_000,
    // The set-up ends its servers then: a MongoDB and, perhaps, a Docker daemon.
    teardownTimeout: 60_000,
    maxWorkers: 2,
  },
});
