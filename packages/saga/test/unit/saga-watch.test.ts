import { AsyncLocalStorage } from 'node:async_hooks';
import { expect, onTestFinished, test } from 'vitest';
import { waitFor } from '../../../../test/support/wait-for.ts';
import type { SagaRecord } from '../../src/log/record.ts';
import { createSagaWatch, type SagaWatcher } from '../../src/operate/saga-watch.ts';
import { recordOf } from '../support/saga-writes.ts';

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
  const persisted = { told, unreadable: 0 };
  const ears: SagaWatcher = {
    changed: (saga) => void told.push(saga?.revision ?? null),
    unreadable: () => {
      persisted.unreadable += 1;
    },
  };
  return { persisted, ears };
}

test('somebody who comes with an older record than the others have: told the newer one', async () => {
  const old = recordOf();
  const { log, watch } = setUp(old);
  const [first, late] = [watcher(), watcher()];
  watch.watch(old, first.ears);
  log.saga = { ...old, revision: old.revision + 1 };
  await waitFor('the change', () => first.persisted.told.length > 0);
  watch.watch(old, late.ears);
  await waitFor('the change, told again', () => late.persisted.told.length > 0);
  expect(late.persisted.told).toEqual([old.revision + 1]);
});

test('rounds: in the context of nobody who watches, and none once nobody does', async () => {
  const saga = recordOf();
  const { log, watch, context } = setUp(saga);
  const unwatch = context.run('a request', () => watch.watch(saga, watcher().ears));
  await waitFor('some rounds', () => log.rounds >= 3);
  expect([...log.contexts]).toEqual([undefined]);
  unwatch();
  unwatch();
  const other = { ...saga };
  const { persisted, ears } = watcher();
  watch.watch(other, ears);
  log.saga = { ...saga, revision: saga.revision + 1 };
  await waitFor('the change', () => persisted.told.length > 0);
});

test('one saga that cannot be read, and every read together with it fails: the others go on being told', async () => {
  const [bad, good] = [recordOf(), recordOf()];
  const log = { revision: 1 };
  const asked = new Set<string>();
  const outages: unknown[] = [];
  const watch = createSagaWatch({
    sagas: {
      // As one query for all who ask in one turn.
      find: async (id) => {
        asked.add(id);
        await new Promise((resolve) => setImmediate(resolve));
        const isTogether = asked.has(bad.id);
        await new Promise((resolve) => setImmediate(resolve));
        asked.delete(id);
        if (isTogether) throw new TypeError('a document without its dates');
        return { ...good, revision: log.revision };
      },
      findRevisions: async () =>
        new Map([bad, good].map((saga) => [saga.id, { ...saga, revision: log.revision }])),
    },
    nowMs: () => 0,
    onUnreadable: (error) => outages.push(error),
    everyMs: 1,
  });
  onTestFinished(() => watch.close());
  const [ofBad, ofGood] = [watcher(), watcher()];
  watch.watch({ ...bad, revision: 1 }, ofBad.ears);
  watch.watch({ ...good, revision: 1 }, ofGood.ears);
  for (const revision of [2, 3]) {
    log.revision = revision;
    await waitFor('the change', () => ofGood.persisted.told.includes(revision));
  }
  expect(ofBad.persisted.told).toEqual([]);
  await waitFor('word of the other', () => ofBad.persisted.unreadable > 0);
  expect(ofGood.persisted.unreadable).toBe(0);
  expect(outages.length).toBeGreaterThan(0);
});

test('a watcher that throws: those beside it are told all the same', async () => {
  const saga = recordOf();
  const { log, watch, outages } = setUp(saga);
  const throwing: SagaWatcher = {
    changed: () => {
      throw new TypeError('cannot be shown');
    },
    unreadable: () => undefined,
  };
  const { persisted, ears } = watcher();
  watch.watch(saga, throwing);
  watch.watch(saga, ears);
  for (const revision of [saga.revision + 1, saga.revision + 2]) {
    log.saga = { ...saga, revision };
    await waitFor('the change', () => persisted.told.includes(revision));
  }
  expect(persisted.unreadable).toBe(0);
  expect(outages).toHaveLength(2);
});

test('an outage: every failure is told to those who watch, one of them to the log', async () => {
  const saga = recordOf();
  const { log, watch, outages } = setUp(saga);
  const { persisted, ears } = watcher();
  watch.watch(saga, ears);
  log.isAway = true;
  await waitFor('some failures', () => persisted.unreadable >= 3);
  expect(outages).toHaveLength(1);
  expect(persisted.told).toEqual([]);
  log.isAway = false;
  log.saga = { ...saga, revision: saga.revision + 1 };
  await waitFor('the change', () => persisted.told.length > 0);
});
