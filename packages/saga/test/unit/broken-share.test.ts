// A definition whose `fairnessKey` does not understand an input: one of an older program, or a caller's mistake.

import { expect, it } from 'vitest';
import type { StepCall } from '../../src/definition.ts';
import { createRegistry } from '../../src/registry.ts';
import { createSlots } from '../../src/run/slots.ts';
import { createSagas } from '../../src/sagas.ts';
import { createBareRunner, NO_WAKE_UPS } from '../../src/testing/bare-engine.ts';
import { createMemorySagaLog } from '../../src/testing/log/memory-saga-log.ts';
import { emptySagaWorld, sagaOf, stepsOf } from '../support/saga-world.ts';

const clock = { nowMs: () => 1_000_000, monotonicMs: () => 1_000_000 };
const control = { signal: new AbortController().signal, isDraining: () => false };

it('its fairness key throws: its sagas run without a share, and keep no slot', async () => {
  const { retriable } = stepsOf(emptySagaWorld());
  const fairnessKey = (input: StepCall['input']) => {
    throw new TypeError(`no user in ${JSON.stringify(input)}`);
  };
  const definition = sagaOf([retriable('a')], { fairnessKey });
  const registry = createRegistry([definition]);
  const log = createMemorySagaLog(clock);
  const slots = createSlots(1);
  const runner = createBareRunner({ log, registry, clock, slots });
  const deps = { log, registry, clock, wakeUps: NO_WAKE_UPS, onWakeFailed: () => undefined };
  const order = { kind: definition.name, subject: '', requestedBy: 'a test' };
  const here = createSagas({
    ...deps,
    reserve: (registered, input) => {
      const reservation = runner.reserve(registered, input);
      return reservation && { ...reservation, begin: () => reservation.giveUp() };
    },
  });
  for (const n of [1, 2, 3]) {
    expect((await here.start({ ...order, input: { n } })).saga.epoch).toBe(1);
    expect(slots.tryTake()).toBe(true);
    slots.give();
  }
  const { saga } = await createSagas(deps).start({ ...order, input: null });
  expect((await runner.run(saga.id, control)).status).toBe('at-rest');
});
