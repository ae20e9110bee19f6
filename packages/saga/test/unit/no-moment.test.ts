// What a program without the compiler may hand over: a key, an id or a moment that is none.

import { expect, it } from 'vitest';
import { waitUntil } from '../../src/define/outcome.ts';
import { saga } from '../../src/define/saga.ts';
import { createRegistry } from '../../src/registry.ts';
import { toSagaId } from '../../src/saga-id.ts';
import { createSagas } from '../../src/sagas.ts';
import { NO_WAKE_UPS } from '../../src/testing/bare-engine.ts';
import { createMemorySagaLog } from '../../src/testing/log/memory-saga-log.ts';
import { startInMemory } from '../support/memory-engine.ts';

const clock = { nowMs: () => 1_000_000, monotonicMs: () => 1_000_000 };
const NO_MOMENTS = [Number.NaN, Number.POSITIVE_INFINITY, 1e17, 'soon' as unknown as number];

function openSagas(key: unknown) {
  const definition = saga('test-saga', { key: () => key as string }).retriable('a', {
    run: () => undefined,
  });
  const log = createMemorySagaLog(clock);
  const sagas = createSagas({
    ...{ log, clock, registry: createRegistry([definition]) },
    ...{ wakeUps: NO_WAKE_UPS, onWakeFailed: () => undefined },
  });
  const start = (more: object = {}) =>
    sagas.start({ kind: 'test-saga', subject: '', requestedBy: '', input: {}, ...more });
  const count = async () => (await sagas.list({ limit: 10 })).sagas.length;
  return { start, count };
}

it.each([
  ['missing', undefined],
  ['an object', {}],
  ['half of a pair of surrogates, which would be stored as another text', 'a\ud800'],
])('a key that is %s: refused, and nothing is stored', async (_, key) => {
  const { start, count } = openSagas(key);
  await expect(start()).rejects.toThrow('the key of test-saga is no well-formed text');
  expect(await count()).toBe(0);
});

it('an id that is none: refused, and nothing is stored', async () => {
  const { start, count } = openSagas('a key');
  await expect(start({ id: 'hello' })).rejects.toThrow('not a valid saga id');
  expect(await count()).toBe(0);
  const id = toSagaId('tst-000000000001');
  expect((await start({ id })).saga.id).toBe(id);
});

it.each(NO_MOMENTS)('begun not before %s: refused, and nothing is stored', async (notBeforeMs) => {
  const { start, count } = openSagas('a key');
  await expect(start({ notBeforeMs })).rejects.toThrow(RangeError);
  expect(await count()).toBe(0);
});

it.each(NO_MOMENTS)('a step that waits until %s: stuck, with the reason', async (untilMs) => {
  const definition = saga('test-saga', { key: () => 'a key' }).retriable('a', {
    run: () => waitUntil(untilMs),
  });
  const { state } = await (await startInMemory(definition, {})).runToRest();
  expect(state).toMatchObject({ phase: 'stuck', cause: { code: 'NO_MOMENT' } });
});
