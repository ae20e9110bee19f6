// The log that simulations run on keeps the contract of the real one.

import { describeSagaLog } from '../contracts/saga-log.ts';
import { createMemorySagaLog } from '../support/memory-saga-log.ts';

describeSagaLog('MemorySagaLog', async () => {
  let passedMs = 0;
  const log = createMemorySagaLog({ nowMs: () => Date.now() + passedMs });
  return {
    log,
    other: log,
    pass: async (ms) => {
      passedMs += ms;
    },
  };
});
