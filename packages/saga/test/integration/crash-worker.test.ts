// The worker that dies where it is told to, in the one place where that is not plain: its log is written while the
// next step is under way already.

import { expect, it } from 'vitest';
import { createTestDatabase } from '../../../../test/support/database.ts';
import { waitFor } from '../../../../test/support/wait-for.ts';
import { createRegistry } from '../../src/registry.ts';
import { createSagas } from '../../src/sagas.ts';
import { NO_WAKE_UPS } from '../../src/testing/bare-engine.ts';
import { createCrashWorker } from '../../src/testing/crash/crash-worker.ts';
import { ALIVE, type CrashPlan, wireOf } from '../../src/testing/crash/with-crash-points.ts';
import { createTestSagaLog } from '../support/saga-log.ts';
import { emptySagaWorld } from '../support/saga-world.ts';
import { toySaga } from '../support/toy.ts';

it('dies at a late log write, while the next step’s call asks for its claim: dead at once, the call stands still', async () => {
  const { log, clock } = await createTestSagaLog(await createTestDatabase());
  const asked = { before: 0, after: 0 };
  const underWay = Promise.withResolvers<void>();
  // The worker's own fence asks the log in the same way, once its last proof has become old.
  const define = (plan: CrashPlan) => {
    const askLate = async () => {
      underWay.resolve();
      await waitFor('the death', () => worker.isDead());
      asked.before += 1;
      await plan.reach(ALIVE);
      asked.after += 1;
    };
    const port = wireOf(plan)('port', { askLate });
    const toy = toySaga(emptySagaWorld());
    const [take, ...rest] = toy.steps;
    if (take?.kind !== 'compensatable') throw new Error('the toy takes first');
    const run = async () => {
      await port.askLate();
      return {};
    };
    return { ...toy, steps: [take, { ...take, name: 'ask', run }, ...rest] };
  };
  const worker = createCrashWorker({
    fate: { dieAt: 'run take: logged' },
    interfere: async () => undefined,
    log: {
      ...log,
      commit: async (write) => {
        // The late one lands when the call is under way, however busy the machine is.
        if (write.durability === 'primary') await underWay.promise;
        return log.commit(write);
      },
    },
    clock,
    leaseMs: 15_000,
    leases: { hold: () => undefined, drop: () => undefined },
    define,
  });
  const calm: CrashPlan = {
    reach: async () => undefined,
    reachCall: async () => undefined,
    underWay: (start) => start(),
  };
  const sagas = createSagas({
    log,
    clock,
    registry: createRegistry([define(calm)]),
    wakeUps: NO_WAKE_UPS,
    onWakeFailed: () => undefined,
  });
  const order = { kind: 'toy', subject: 'a', requestedBy: 'a test', input: {} };
  const { saga } = await sagas.start(order);
  expect(await worker.run(saga.id)).toEqual({ status: 'dead' });
  expect(asked).toEqual({ before: 1, after: 0 });
  await worker.letLoose();
  expect(asked.after).toBe(1);
});
