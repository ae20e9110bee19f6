// What a step does after a fenced write follows from what the saga has done before: the log has that by then, however long
// it takes. A proof of the claim does not stand in for it: the next worker would decide anew on what the log lacks.

import { expect, it, onTestFinished } from 'vitest';
import { saga } from '../../src/define/saga.ts';
import { createRegistry } from '../../src/registry.ts';
import { makeSagaId } from '../../src/saga-id.ts';
import { createSagas } from '../../src/sagas.ts';
import { createBareRunner, NO_WAKE_UPS } from '../../src/testing/bare-engine.ts';
import { createMemorySagaLog } from '../../src/testing/log/memory-saga-log.ts';
import { startVirtualTime } from '../../src/testing/simulation/virtual-time.ts';

/** Longer than a proof may take, and than the write is waited for. */
const SLOW_MS = 3_000;
const FREE = { signal: new AbortController().signal, isDraining: () => false };

it('the write of the step before takes long, and proofs do not: nothing is done before it is in the log', async () => {
  const time = startVirtualTime();
  onTestFinished(time.end);
  const clock = { nowMs: time.nowMs, monotonicMs: time.nowMs };
  const memory = createMemorySagaLog(time);
  let tries = 0;
  const found: (string | undefined)[] = [];
  const definition = saga('paid', { key: () => 'one' })
    .retriable('decide', { run: () => 'pay' })
    .retriable('pay', {
      run: async ({ sagaId, fencedWrite }) => {
        tries += 1;
        await fencedWrite();
        const [decide] = (await memory.find(id))?.state.steps ?? [];
        found.push(`${sagaId === id} ${decide?.status}`);
        return {};
      },
    });
  const log = {
    ...memory,
    commit: async (write: Parameters<typeof memory.commit>[0]) => {
      const isDecision = write.events.some(
        ({ type, step }) => type === 'succeeded' && step === 'decide',
      );
      if (isDecision) await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
      return memory.commit(write);
    },
  };
  const registry = createRegistry([definition]);
  const runner = createBareRunner({ log, registry, clock });
  const sagas = createSagas({
    ...{ log, registry, clock, wakeUps: NO_WAKE_UPS },
    onWakeFailed: () => undefined,
  });
  const id = makeSagaId('saga', time.nowMs(), new Uint8Array(16));
  await sagas.start({ id, kind: 'paid', subject: 's', requestedBy: 's', input: {} });
  let isOver = false;
  const rest = async () => {
    for (let turn = 0; turn < 10; turn += 1) {
      const outcome = await runner.run(id, FREE);
      if (outcome.status === 'at-rest') break;
      await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
      memory.expire(id);
    }
    isOver = true;
  };
  void rest();
  await time.runUntil(time.nowMs() + 60_000, () => isOver);
  expect((await memory.find(id))?.state.phase).toBe('completed');
  expect(found).toEqual(['true done']);
  expect(tries).toBeGreaterThan(1);
});
