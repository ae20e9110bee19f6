import { defineConfig } from 'vitest/config';
import { createClosingLine } from './test/support/closing-line.ts';

// `npm run test:firebase`: the real server against Firebase's own emulator of Auth. Not a part of `npm test`: the
// emulator is half a gigabyte, and comes from the network.
export default defineConfig({
  test: {
    include: ['test/firebase/**/*.emulator.ts'],
    globalSetup: ['test/firebase/firebase-tools.ts', 'test/support/global-setup.ts'],
    reporters: ['default', createClosingLine()],
    testTimeout: 60_000,
    expect: { poll: { timeout: 10_000 } },
    hookTimeout: 120_000,
    teardownTimeout: 60_000,
  },
});
