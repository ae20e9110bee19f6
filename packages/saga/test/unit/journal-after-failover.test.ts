// What a worker's journal makes of a failover that forgot what the primary alone had acknowledged (I6): it is written
// again on what stands there now, once, and in the order in which it came.

import { expect, it } from 'vitest';
import type { SagaRecord } from '../../src/log/record.ts';
import type { LogWrite, SagaLog } from '../../src/log/saga-log.ts';
import type { SagaEvent } from '../../src/machine/events.ts';
import { apply } from '../../src/machine/machine.ts';
import { initialState } from '../../src/machine/state.ts';
import { createRegistry } from '../../src/registry.ts';
import { createJournal } from '../../src/run/journal.ts';
import { createMemorySagaLog } from '../../src/testing/log/memory-saga-log.ts';
import { sagaOf } from '../support/saga-world.ts';
import { claimOf, newSaga } from '../support/saga-writes.ts';

const RETRY = { attempts: 3, baseMs: 1, capMs: 2 } as const;
const NAMES = ['a', 'b', 'c'] as const;
const undoable = (name: string) => ({
  ...{ kind: 'compensatable' as const, name, retry: RETRY, compensateRetry: RETRY },
  ...{ timeoutMs: 1_000, capture: async () => name, run: async () => ({}) },
  compensate: async () => undefined,
});
const pay = {
  ...{ kind: 'pivot' as const, name: 'pay', retry: RETRY, timeoutMs: 1_000 },
  ...{ run: async () => ({}), observe: async () => ({ outcome: 'absent' as const }) },
  abort: async () => ({ outcome: 'absent' as const }),
};

/** A saga that has captured everything and is in its first step, on a majority. */
async function setUp() {
  let atMs = Date.now();
  const nowMs = () => {
    atMs += 1_000;
    return atMs;
  };
  const log = createMemorySagaLog({ nowMs }, { lagMs: () => Number.POSITIVE_INFINITY });
  const registered = createRegistry([sagaOf([...NAMES.map(undoable), pay])]).newest('test-saga');
  const { shape } = registered;
  const { saga } = await log.insert(newSaga({ state: initialState(shape) }));
  const { claim, saga: record } = await claimOf(log, saga);
  const sent: LogWrite[] = [];
  const options = {
    log: {
      commit: (write: LogWrite) => {
        sent.push(write);
        return log.commit(write);
      },
    },
    // The claim stays proved: what is written is written for itself, on the primary alone.
    ...{ clock: { nowMs, monotonicMs: () => 0 }, random: () => 0, onTransition: () => undefined },
  };
  const { signal } = new AbortController();
  const journal = createJournal(options, registered, claim, signal, { record, sentAtMs: 0 });
  await journal.record({ type: 'captured-all', captures: [...NAMES, null], atMs: 1 });
  const write = async (event: SagaEvent) => {
    await journal.record(event);
    await journal.flush();
    return journal.view();
  };
  return { log, write, sent, shape, id: saga.id };
}

const succeeded = (step: number): SagaEvent => {
  return { type: 'succeeded', step, value: null, warnings: [], atMs: step + 2 };
};

async function cancel(log: SagaLog, shape: Parameters<typeof apply>[0], base: SagaRecord | null) {
  if (base === null) throw new Error('no saga');
  const state = apply(shape, base.state, { type: 'cancel-requested', atMs: 9 });
  const event = { type: 'cancel-requested', step: null, detail: null };
  return (await log.intervene({ base, state, event, writeId: 'the cancel' })).status;
}

const statusesOf = ({ state }: SagaRecord) => state.steps.map(({ status }) => status).join(' ');

it('a write was forgotten, a cancel came: the saga goes back', async () => {
  const { log, write, shape, id } = await setUp();
  await write(succeeded(0));
  log.failOver();
  expect(await cancel(log, shape, await log.find(id))).toBe('landed');
  const view = await write(succeeded(1));
  expect(view.state).toMatchObject({ phase: 'compensating', cancelRequested: true });
  expect(await log.find(id)).toEqual(view);
});

it('two writes were forgotten: the next one brings them along, in their order', async () => {
  const { log, write, shape, id } = await setUp();
  await write(succeeded(0));
  await write(succeeded(1));
  log.failOver();
  const view = await write(succeeded(2));
  expect(statusesOf(view)).toBe('done done done running');
  expect(await log.find(id)).toEqual(view);
  const types = view.history.map(({ type, step }) => `${type} ${step}`);
  expect(types.slice(-3)).toEqual(['succeeded a', 'succeeded b', 'succeeded c']);
  expect(await cancel(log, shape, view)).toBe('landed');
});

it('of two writes the first was kept, and the other forgotten: only that one is written again', async () => {
  const { log, write, sent } = await setUp();
  await write(succeeded(0));
  await log.prove({ sagaId: 'of-nobody' as never, epoch: 0, owner: '' });
  await write(succeeded(1));
  log.failOver();
  const view = await write(succeeded(2));
  expect(statusesOf(view)).toBe('done done done running');
  expect(sent.at(-1)?.events.map(({ step }) => step)).toEqual(['b', 'c']);
});

it('nothing was forgotten, and a cancel came: what is in the log is not applied twice', async () => {
  const { log, write, sent, shape, id } = await setUp();
  const failure = { class: 'retryable', code: 'X', message: 'x' } as const;
  const failed: SagaEvent = { type: 'failed', step: 0, failure, atMs: 2, retryAtMs: 2 };
  await write(failed);
  await log.prove({ sagaId: 'of-nobody' as never, epoch: 0, owner: '' });
  expect(await cancel(log, shape, await log.find(id))).toBe('landed');
  const view = await write({ type: 'begun', step: 0 });
  expect(view.state).toMatchObject({ phase: 'compensating' });
  expect(view.state.steps[0]?.attempts).toBe(2);
  expect(sent.at(-1)?.events.map(({ type }) => type)).toEqual(['begun']);
});
