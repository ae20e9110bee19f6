// The environment of a run that needs no server: a log in memory, and time that stands still but for what a run lets
// pass.

import { createMemorySagaLog } from '../log/memory-saga-log.ts';
import type { CrashEnvironment } from './crash-test.ts';

const NOW_MS = Date.parse('2026-11-01T00:00:00Z');

export function createMemoryEnvironment(): CrashEnvironment {
  const clock = { nowMs: () => NOW_MS, monotonicMs: () => 0 };
  const log = createMemorySagaLog(clock);
  return { logs: [log], clock, expire: async (id) => log.expire(id) };
}
