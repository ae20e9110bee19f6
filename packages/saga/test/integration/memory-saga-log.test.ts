// The log that simulations run on keeps the contract of the real one.

import { createMemorySagaLog } from '../../src/testing/log/memory-saga-log.ts';
import { describeSagaLog } from '../contracts/saga-log.ts';
import { describeCancels } from '../contracts/saga-log-cancel.ts';
import { describeForgetfulSagaLog } from '../contracts/saga-log-failover.ts';

const open = async () => {
  let passedMs = 0;
  const log = createMemorySagaLog({ nowMs: () => Date.now() + passedMs });
  return {
    log,
    other: log,
    pass: async (ms: number) => {
      passedMs += ms;
    },
  };
};

describeSagaLog('MemorySagaLog', open);
describeCancels('MemorySagaLog', open);

describeForgetfulSagaLog('MemorySagaLog', async () => {
  const clock = { nowMs: () => Date.now() };
  const log = createMemorySagaLog(clock, { lagMs: () => Number.POSITIVE_INFINITY });
  return { log, beforeFailover: async () => async () => void log.failOver() };
});
