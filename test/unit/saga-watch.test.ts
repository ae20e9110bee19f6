import { AsyncLocalStorage } from 'node:async_hooks';
import { expect, onTestFinished, test } from 'vitest';
import type { SagaRecord } from '../../src/saga/record.ts';
import { createSagaWatch, type SagaWatcher } from '../../src/saga/saga-watch.ts';
import { sagaIn } from '../support/api.ts';
import { waitFor } from '../support/wait-for.ts';

function setUp(first: SagaRecord) {
  const log = { saga: first, isAway: false, rounds: 0, contexts: new Set<unknown>() };
  const context = new AsyncLocalStorage<string>();
  const outages: unknown[] = [];
  const watch = createSagaWatch({
    sagas: {
      find: async () => log.saga,
      findRevisions: async () => {
        log.rounds += 1;
        log.contexts.add(context.getStore());
        if (log.isAway) throw new Error('away');
        return new Map([[log.saga.id, log.saga]]);
      },
    },
    nowMs: () => 0,
    onUnreadable: (error) => outages.push(error),
    everyMs: 1,
  });
  onTestFinished(() => watch.close());
  return { log, watch, context, outages };
}

function watcher() {
  const told: (number | null)[] = [];
  const heard = { told, unreadable: 0 };
  const ears: SagaWatcher = {
    changed: (saga) => void told.push(saga?.revision ?? null),
    unreadable: () => {
      heard.unreadable += 1;
    },
  };
  return { heard, ears };
}

test('somebody who comes with an older record than the others have: told the newer one', async () => {
  const old = sagaIn('running');
  const { log, watch } = setUp(old);
  const [first, late] = [watcher(), watcher()];
  watch.watch(old, first.ears);
  log.saga = { ...old, revision: old.revision + 1 };
  await waitFor('the change', () => first.heard.told.length > 0);
  watch.watch(old, late.ears);
  await waitFor('the change, told again', () => late.heard.told.length > 0);
  expect(late.heard.told).toEqual([old.revision + 1]);
});

test('rounds: in the context of nobody who watches, and none once nobody does', async () => {
  const saga = sagaIn('running');
  const { log, watch, context } = setUp(saga);
  const unwatch = context.run('a request', () => watch.watch(saga, watcher().ears));
  await waitFor('some rounds', () => log.rounds >= 3);
  expect([...log.contexts]).toEqual([undefined]);
  unwatch();
  unwatch();
  const other = { ...saga };
  const { heard, ears } = watcher();
  watch.watch(other, ears);
  log.saga = { ...saga, revision: saga.revision + 1 };
  await waitFor('the change', () => heard.told.length > 0);
});

test('an outage: every failure is told to those who watch, one of them to the log', async () => {
  const saga = sagaIn('running');
  const { log, watch, outages } = setUp(saga);
  const { heard, ears } = watcher();
  watch.watch(saga, ears);
  log.isAway = true;
  await waitFor('some failures', () => heard.unreadable >= 3);
  expect(outages).toHaveLength(1);
  expect(heard.told).toEqual([]);
  log.isAway = false;
  log.saga = { ...saga, revision: saga.revision + 1 };
  await waitFor('the change', () => heard.told.length > 0);
});
