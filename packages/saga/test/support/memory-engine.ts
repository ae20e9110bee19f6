// One saga on a log in memory, run until it rests; its sleeps take no time.

import type { SagaDefinition } from '../../src/definition.ts';
import type { Json } from '../../src/json.ts';
import type { SagaRecord } from '../../src/log/record.ts';
import type { Order } from '../../src/operate/operators.ts';
import { createRegistry } from '../../src/registry.ts';
import { createSagas } from '../../src/sagas.ts';
import { createBareRunner, NO_WAKE_UPS } from '../../src/testing/bare-engine.ts';
import { createMemorySagaLog } from '../../src/testing/log/memory-saga-log.ts';

export interface MemoryRun {
  runToRest(): Promise<SagaRecord>;
  /** An operator's verb. @returns its status. */
  order(order: Pick<Order, 'verb' | 'choice'>): Promise<string>;
}

const MAX_SLEEPS = 500;

export async function startInMemory<Input extends Json>(
  definition: SagaDefinition<Input>,
  input: Input,
): Promise<MemoryRun> {
  let nowMs = 1_000_000;
  const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs };
  const log = createMemorySagaLog(clock);
  const registry = createRegistry([definition]);
  const sagas = createSagas({
    log,
    registry,
    wakeUps: NO_WAKE_UPS,
    clock,
    onWakeFailed: () => undefined,
  });
  const runner = createBareRunner({ log, registry, clock });
  const { name: kind } = definition;
  const { saga } = await sagas.start({ kind, subject: '', requestedBy: 'a test', input });
  const { signal } = new AbortController();
  return {
    runToRest: async () => {
      for (let sleeps = 0; sleeps < MAX_SLEEPS; sleeps += 1) {
        const outcome = await runner.run(saga.id, { signal, isDraining: () => false });
        if (outcome.status === 'at-rest' && outcome.saga !== null) return outcome.saga;
        if (outcome.status !== 'later') throw new Error(`${kind}: ${outcome.status}`);
        nowMs = Math.max(nowMs + 1, outcome.atMs);
      }
      throw new Error(`${kind} does not come to rest`);
    },
    order: async (order) =>
      (await sagas.order(saga.id, { ...order, by: 'an operator', reason: 'a test' })).status,
  };
}
