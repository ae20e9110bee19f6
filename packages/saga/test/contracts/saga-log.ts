// What every implementation of the SagaLog port must do (I5, I6, I7, I8, I9).

import { randomUUID } from 'node:crypto';
import type { Db } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { createTestDatabase } from '../../../../test/support/database.ts';
import { BadCursorError } from '../../src/errors.ts';
import type { Json } from '../../src/json.ts';
import type { SagaRecord } from '../../src/log/record.ts';
import { FIRST_RELEASE_PASS_MS, type SagaLog, type SagaTrait } from '../../src/log/saga-log.ts';
import type { SagaState } from '../../src/machine/state.ts';
import {
  claimOf,
  claimRequest,
  commitAs,
  insertAndClaim,
  logWrite,
  newSaga,
  QUEUED,
} from '../support/saga-writes.ts';

export interface SagaLogUnderTest {
  readonly log: SagaLog;
  /** The same log as another process has it. */
  readonly other: SagaLog;
  /** Lets the given time pass for every saga. */
  readonly pass: (ms: number) => Promise<void>;
}

const LEASE_MS = 60_000;
const HOUR_MS = 3_600_000;

export function describeSagaLog(name: string, create: (db: Db) => Promise<SagaLogUnderTest>): void {
  async function setUp() {
    return create(await createTestDatabase());
  }

  async function found(log: SagaLog, { id }: Pick<SagaRecord, 'id'>): Promise<SagaRecord> {
    const saga = await log.find(id);
    if (saga === null) throw new Error(`no saga ${id}`);
    return saga;
  }

  describe(`${name}: accepting`, () => {
    it('a saga inserted: found by its id and by its key as it was given', async () => {
      const { log, other } = await setUp();
      const input: Json = { 'a.b': { $set: [1, 0.1, null, true, 'ü'], gone: undefined } };
      const given = newSaga({ input });
      const { status, saga } = await log.insert(given);
      expect(status).toBe('inserted');
      const { input: _, ...rest } = given;
      expect(saga).toMatchObject({ ...rest, open: true, epoch: 0, revision: 1, finishedAt: null });
      const read = await found(other, given);
      expect(read).toMatchObject(rest);
      expect(read.input).toEqual({ 'a.b': { $set: [1, 0.1, null, true, 'ü'] } });
      expect(await other.findByKey(given.key, 5)).toEqual([read]);
      expect(await log.find(newSaga().id)).toBeNull();
      expect(await log.findByKey('key/unknown', 5)).toEqual([]);
    });

    it('a trace context: kept through every write; a saga accepted without one has none', async () => {
      const { log, other } = await setUp();
      const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
      const { saga } = await insertAndClaim(log, { traceparent });
      expect(saga.traceparent).toBe(traceparent);
      expect((await found(other, saga)).traceparent).toBe(traceparent);
      expect('traceparent' in (await insertAndClaim(log)).saga).toBe(false);
    });

    it('50 inserts of one key at once from two processes: one saga, 50 equal answers (I8)', async () => {
      const { log, other } = await setUp();
      const { key } = newSaga();
      const results = await Promise.all(
        Array.from({ length: 50 }, (_, n) => (n % 2 ? log : other).insert(newSaga({ key }))),
      );
      expect(new Set(results.map(({ saga }) => saga.id)).size).toBe(1);
      expect(results.filter(({ status }) => status === 'inserted')).toHaveLength(1);
      expect(await log.findByKey(key, 100)).toHaveLength(1);
    });

    it('one batch with new keys, taken keys and a key twice: each gets its own answer', async () => {
      const { log } = await setUp();
      const taken = newSaga();
      await log.insert(taken);
      const twice = newSaga();
      const results = await Promise.all(
        [newSaga(), newSaga({ key: taken.key }), twice, newSaga({ key: twice.key }), newSaga()].map(
          (saga) => log.insert(saga),
        ),
      );
      expect(results.map(({ status }) => status)).toEqual([
        'inserted',
        'exists',
        'inserted',
        'exists',
        'inserted',
      ]);
      expect(results[1]?.saga.id).toBe(taken.id);
      expect(results[3]?.saga.id).toBe(twice.id);
    });

    it('the holder of a key ends at the moment of an insert: the holder or a new saga, never both open', async () => {
      const { log, other } = await setUp();
      const outcomes = { inserted: 0, exists: 0 };
      for (let round = 0; round < 25; round += 1) {
        const held = await insertAndClaim(log);
        const { key } = held.saga;
        const end = logWrite(held, { state: { ...QUEUED, phase: 'completed' } });
        const [ended, ...results] = await Promise.all([
          log.commit(end),
          ...Array.from({ length: 3 }, () => other.insert(newSaga({ key }))),
        ]);
        expect(ended.status).toBe('landed');
        const sagas = await log.findByKey(key, 10);
        expect(sagas.filter(({ open }) => open).length).toBeLessThan(2);
        for (const { status, saga } of results) {
          expect(sagas.map(({ id }) => id)).toContain(saga.id);
          outcomes[status] += 1;
        }
      }
      expect(outcomes.inserted + outcomes.exists).toBe(75);
    });

    it('a key whose saga has ended: a new saga, and both are found, the open one first', async () => {
      const { log } = await setUp();
      const held = await insertAndClaim(log);
      const { key } = held.saga;
      await commitAs(log, held, { state: { ...QUEUED, phase: 'compensated' } });
      const { status, saga } = await log.insert(newSaga({ key }));
      expect(status).toBe('inserted');
      expect((await log.findByKey(key, 5)).map(({ id }) => id)).toEqual([saga.id, held.saga.id]);
      expect(await log.findByKey(key, 1)).toHaveLength(1);
    });

    it('an id that is there, open or ended: that saga, by any caller and for any purpose (I8)', async () => {
      const { log, other } = await setUp();
      const held = await insertAndClaim(log);
      const { id } = held.saga;
      expect((await other.insert(newSaga({ id }))).saga).toMatchObject({ id, epoch: 1 });
      await commitAs(log, held, { state: { ...QUEUED, phase: 'completed' } });
      const again = await other.insert(newSaga({ id, key: held.saga.key }));
      expect(again.saga.state.phase).toBe('completed');
      expect(await log.findByKey(held.saga.key, 5)).toHaveLength(1);
    });

    it('a saga accepted together with its first claim: held by it, with what led to its state in the history (I5)', async () => {
      const { log, other, pass } = await setUp();
      const state: SagaState = { ...QUEUED, phase: 'running' };
      const event = { type: 'captured-all', step: null, detail: null, atMs: Date.now() };
      const first = { owner: randomUUID(), leaseMs: LEASE_MS, events: [event] };
      const { status, saga, claim } = await log.insert(newSaga({ state, claim: first }));
      expect({ status, claim }).toEqual({
        status: 'inserted',
        claim: { sagaId: saga.id, epoch: 1, owner: first.owner },
      });
      expect(await found(other, saga)).toEqual(saga);
      expect(saga.history.map(({ type, epoch }) => [type, epoch])).toEqual([
        ['claimed', 1],
        ['captured-all', 1],
      ]);
      expect(await other.claim(saga.id, claimRequest())).toMatchObject({ status: 'busy' });
      await pass(LEASE_MS / 2);
      expect(await other.takeOverdue({ limit: 10, holdMs: 1_000 })).toEqual([]);
      if (claim === undefined) throw new Error('it has no claim');
      const landed = await commitAs(log, { claim, saga });
      expect(landed.saga.history).toHaveLength(3);
      expect(await log.prove(claim)).toBe(true);
    });

    it('the process that accepted and claimed a saga dies: overdue when the lease has run out, and fenced (I5, I7)', async () => {
      const { log, other, pass } = await setUp();
      const first = { owner: randomUUID(), leaseMs: LEASE_MS, events: [] };
      const { saga, claim } = await log.insert(newSaga({ claim: first }));
      await pass(LEASE_MS + 1_000);
      expect(await other.takeOverdue({ limit: 10, holdMs: 1_000 })).toMatchObject([
        { id: saga.id },
      ]);
      expect((await claimOf(other, saga)).claim.epoch).toBe(2);
      if (claim === undefined) throw new Error('it has no claim');
      expect(await log.commit(logWrite({ claim, saga }))).toEqual({ status: 'fenced' });
    });

    it('a key or an id that is there: no claim comes with it, and the one that stands is left alone (I5)', async () => {
      const { log, other } = await setUp();
      const claimed = () => ({ claim: { owner: randomUUID(), leaseMs: LEASE_MS, events: [] } });
      const held = await log.insert(newSaga(claimed()));
      const { id, key } = held.saga;
      if (held.claim === undefined) throw new Error('it has no claim');
      for (const given of [{ key }, { id }, { id, key }]) {
        const again = await other.insert(newSaga({ ...given, ...claimed() }));
        expect(again.saga.id).toBe(id);
        expect(again.claim).toBeUndefined();
      }
      expect(await log.prove(held.claim)).toBe(true);
      const twice = newSaga();
      const both = await Promise.all([1, 2].map(() => log.insert({ ...twice, ...claimed() })));
      expect(both.filter(({ claim }) => claim !== undefined)).toHaveLength(1);
    });

    it('a saga that another one waits for: its parent is stored with it, for every process', async () => {
      const { log, other } = await setUp();
      const { saga: parent } = await log.insert(newSaga());
      const given = newSaga({ parent: parent.id });
      expect((await log.insert(given)).saga.parent).toBe(parent.id);
      expect(await found(other, given)).toMatchObject({ parent: parent.id });
      expect(await found(other, parent)).toMatchObject({ parent: null });
      const held = await claimOf(other, given);
      expect((await commitAs(other, held)).saga.parent).toBe(parent.id);
    });
  });

  describe(`${name}: claiming`, () => {
    it('20 claims of one saga at once from two processes: one wins, the others learn until when', async () => {
      const { log, other } = await setUp();
      const { saga } = await log.insert(newSaga());
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, n) => (n % 2 ? log : other).claim(saga.id, claimRequest())),
      );
      expect(results.filter(({ status }) => status === 'claimed')).toHaveLength(1);
      const retries = results.flatMap((one) => (one.status === 'busy' ? one.retryAtMs : []));
      expect(retries).toHaveLength(19);
      expect(Math.min(...retries)).toBeGreaterThan(Date.now() + LEASE_MS / 2);
      expect((await found(log, saga)).epoch).toBe(1);
    });

    it('a saga just inserted: due at once, to the millisecond', async () => {
      const { log, other } = await setUp();
      for (let round = 0; round < 50; round += 1) await insertAndClaim(round % 2 ? log : other);
    });

    it('a saga that is to begin later: neither claimed nor overdue before its moment', async () => {
      const { log, pass } = await setUp();
      const notBeforeMs = Date.now() + 3_600_000;
      const { saga } = await log.insert(newSaga({ notBeforeMs }));
      expect(await log.claim(saga.id, claimRequest())).toEqual({
        status: 'not-due',
        retryAtMs: notBeforeMs,
      });
      await pass(1_800_000);
      expect(await log.takeOverdue({ limit: 10, holdMs: 1_000 })).toEqual([]);
      await pass(1_900_000);
      expect(await log.takeOverdue({ limit: 10, holdMs: 1_000 })).toMatchObject([{ id: saga.id }]);
      expect((await claimOf(log, saga)).claim.epoch).toBe(1);
    });

    it('a claim on a saga that has ended: proves nothing', async () => {
      const { log } = await setUp();
      const held = await insertAndClaim(log);
      const state = { ...held.saga.state, phase: 'cancelled' as const };
      const event = { type: 'preempted', step: null, detail: null };
      await log.intervene({ base: held.saga, state, event, writeId: randomUUID() });
      expect(await log.prove(held.claim)).toBe(false);
    });

    it('a lease that has run out by database time: taken, the epoch rises, the old claim is fenced (I5)', async () => {
      const { log, other, pass } = await setUp();
      const old = await insertAndClaim(log);
      expect(await other.claim(old.saga.id, claimRequest())).toMatchObject({ status: 'busy' });
      await pass(LEASE_MS + 1_000);
      const fresh = await claimOf(other, old.saga);
      expect(fresh.claim.epoch).toBe(2);
      expect(await log.commit(logWrite(old))).toEqual({ status: 'fenced' });
      expect(await log.prove(old.claim)).toBe(false);
      await log.renew([old.claim], LEASE_MS);
      await log.release(old.claim);
      expect(await log.claim(old.saga.id, claimRequest())).toMatchObject({ status: 'busy' });
      expect((await commitAs(other, fresh)).saga.state.phase).toBe('running');
    });

    it('the clock goes back by an hour: a lease that is renewed stands, one from before it is free (I10)', async () => {
      const { log, other, pass } = await setUp();
      const [dead, live] = [await insertAndClaim(log), await insertAndClaim(log)];
      await pass(-3_600_000);
      await log.renew([live.claim], LEASE_MS);
      expect(await other.claim(live.saga.id, claimRequest())).toMatchObject({ status: 'busy' });
      const fresh = await claimOf(other, dead.saga);
      expect(fresh.claim.epoch).toBe(2);
      expect(await log.commit(logWrite(dead))).toEqual({ status: 'fenced' });
      await pass(-LEASE_MS / 2);
      expect(await log.claim(dead.saga.id, claimRequest())).toMatchObject({ status: 'busy' });
    });

    it('the same claim sent twice, as after a lost answer: claimed again, nothing is raised twice', async () => {
      const { log } = await setUp();
      const { saga } = await log.insert(newSaga());
      const request = claimRequest();
      const first = await log.claim(saga.id, request);
      expect(await log.claim(saga.id, request)).toEqual(first);
      expect(await found(log, saga)).toMatchObject({ epoch: 1, revision: 2 });
    });

    it('not due, ended, stuck, unknown: left alone, each with its reason', async () => {
      const { log } = await setUp();
      const dueMs = Date.now() + 3_600_000;
      const sleeping = await insertAndClaim(log);
      await commitAs(log, sleeping, { state: { ...QUEUED, phase: 'running', notBeforeMs: dueMs } });
      await log.release(sleeping.claim);
      const stuck = await insertAndClaim(log);
      await commitAs(log, stuck, { state: { ...QUEUED, phase: 'stuck', stuckFrom: 'running' } });
      const ended = await insertAndClaim(log);
      await commitAs(log, ended, { state: { ...QUEUED, phase: 'completed' } });
      const ids = [sleeping.saga, stuck.saga, ended.saga, newSaga()].map(({ id }) => id);
      const results = await Promise.all(ids.map((id) => log.claim(id, claimRequest())));
      expect(results).toEqual([
        { status: 'not-due', retryAtMs: dueMs },
        { status: 'at-rest', saga: await found(log, stuck.saga) },
        { status: 'at-rest', saga: await found(log, ended.saga) },
        { status: 'at-rest', saga: null },
      ]);
    });

    it('renewed: kept beyond its first lease; given back: free at once, and no late renewal takes it again', async () => {
      const { log, other, pass } = await setUp();
      const held = await insertAndClaim(log);
      await pass(LEASE_MS - 1_000);
      await log.renew([held.claim], LEASE_MS);
      await pass(2_000);
      expect(await other.claim(held.saga.id, claimRequest())).toMatchObject({ status: 'busy' });
      await log.release(held.claim);
      await log.renew([held.claim], LEASE_MS);
      expect((await claimOf(other, held.saga)).claim.epoch).toBe(2);
    });

    it('proved, many at once: each claim learns of itself alone', async () => {
      const { log, pass } = await setUp();
      const helds = await Promise.all(Array.from({ length: 6 }, () => insertAndClaim(log)));
      await pass(LEASE_MS + 1_000);
      const lost = helds.filter((_, n) => n % 3 === 0);
      await Promise.all(lost.map(({ saga }) => claimOf(log, saga)));
      const expected = [false, true, true, false, true, true];
      expect(await Promise.all(helds.map(({ claim }) => log.prove(claim)))).toEqual(expected);
      const revisions = await Promise.all(helds.map(({ saga }) => found(log, saga)));
      expect(revisions.map(({ revision }) => revision)).toEqual([3, 2, 2, 3, 2, 2]);
    });
  });

  describe(`${name}: writing`, () => {
    it('a write under the claim: landed, and what is read is what the write says', async () => {
      const { log, other } = await setUp();
      const held = await insertAndClaim(log);
      const capture: Json = { 'bot.1': { $literal: 'x', list: [{ at: 1 }] } };
      const state: SagaState = {
        ...QUEUED,
        phase: 'running',
        steps: QUEUED.steps.map((step, n) =>
          n === 0 ? { ...step, status: 'running', attempts: 1, capture } : step,
        ),
        startedAtMs: 5,
      };
      const event = { type: 'captured-all', step: 'first', detail: 'why' };
      const { saga } = await commitAs(log, held, {
        state,
        events: [{ ...event, atMs: 1_000 }],
      });
      expect(saga).toMatchObject({ state, revision: 3, epoch: 1, open: true });
      expect(saga.history.at(-1)).toMatchObject({ ...event, epoch: 1 });
      expect(await found(other, saga)).toEqual(saga);
    });

    it('the same write sent again: landed, not applied twice', async () => {
      const { log } = await setUp();
      const held = await insertAndClaim(log);
      const write = logWrite(held);
      expect((await log.commit(write)).status).toBe('landed');
      expect((await log.commit(write)).status).toBe('landed');
      const saga = await found(log, held.saga);
      expect(saga.revision).toBe(held.saga.revision + 1);
      expect(saga.history.filter(({ type }) => type === 'tested')).toHaveLength(1);
    });

    it('another process wrote in between: conflict, with the record that stands there now', async () => {
      const { log, other } = await setUp();
      const held = await insertAndClaim(log);
      const state = { ...held.saga.state, cancelRequested: true };
      const event = { type: 'cancel-requested', step: null, detail: 'by x' };
      const base = held.saga;
      const intervened = await other.intervene({ base, state, event, writeId: randomUUID() });
      expect(intervened.status).toBe('landed');
      const result = await log.commit(logWrite(held));
      expect(result).toEqual({ status: 'conflict', saga: intervened.saga });
      expect(intervened.saga.state.cancelRequested).toBe(true);
      expect(await log.prove(held.claim)).toBe(true);
    });

    it('an order that fences came in between: nothing of the claim lands or proves any more', async () => {
      const { log, other } = await setUp();
      const held = await insertAndClaim(log);
      const { saga: base } = held;
      const event = { type: 'hold-ordered', step: null, detail: 'by x' };
      const order = { base, state: base.state, event, writeId: randomUUID(), fences: true };
      const ordered = await other.intervene(order);
      expect(ordered).toMatchObject({ status: 'landed', saga: { epoch: base.epoch + 1 } });
      expect(await found(log, base)).toEqual(ordered.saga);
      expect(await log.commit(logWrite(held))).toEqual({ status: 'fenced' });
      expect(await log.prove(held.claim)).toBe(false);
      expect(await log.release(held.claim)).toBeNull();
      expect((await other.intervene(order)).saga).toEqual(ordered.saga);
    });

    it('30 sagas in one batch, one fenced, one in conflict: the other 28 land', async () => {
      const { log, other, pass } = await setUp();
      const helds = await Promise.all(Array.from({ length: 30 }, () => insertAndClaim(log)));
      const [fenced, conflict] = helds;
      if (fenced === undefined || conflict === undefined) throw new Error('no sagas');
      await pass(LEASE_MS + 1_000);
      await claimOf(other, fenced.saga);
      const event = { type: 'x', step: null, detail: null };
      const base = conflict.saga;
      await other.intervene({ base, state: base.state, event, writeId: randomUUID() });
      const results = await Promise.all(helds.map((held) => log.commit(logWrite(held))));
      expect(results.map(({ status }) => status)).toEqual([
        'fenced',
        'conflict',
        ...Array.from({ length: 28 }, () => 'landed'),
      ]);
      const phases = await Promise.all(helds.map(async ({ saga }) => found(log, saga)));
      expect(phases.filter(({ state }) => state.phase === 'running')).toHaveLength(28);
    });

    it('an end: not open any more, with its result and its moment', async () => {
      const { log } = await setUp();
      const held = await insertAndClaim(log);
      const result = { wallet: { returned: 1105 } };
      const { saga } = await commitAs(log, held, {
        state: { ...QUEUED, phase: 'completed' },
        result,
      });
      expect(saga).toMatchObject({ open: false, result });
      expect(saga.finishedAt).not.toBeNull();
      expect(await found(log, saga)).toEqual(saga);
    });

    it('revisions of many at once: of those that are there, as find has them', async () => {
      const { log } = await setUp();
      const { saga } = await insertAndClaim(log);
      const other = await log.insert(newSaga());
      await log.noteRunnable([]);
      const held = await insertAndClaim(log);
      const { saga: ended } = await commitAs(log, held, {
        state: { ...QUEUED, phase: 'completed' },
        result: null,
      });
      const ids = [saga.id, other.saga.id, newSaga().id, ended.id, saga.id];
      const revisions = await log.findRevisions(ids);
      const expected = await Promise.all(
        [saga, other.saga, ended].map(async (one) => {
          const { id, open, revision, unrunnableSince } = await found(log, one);
          expect(unrunnableSince === null).toBe(one === ended);
          expect(open).toBe(one !== ended);
          return [id, { open, revision, unrunnableSince }] as const;
        }),
      );
      expect(new Map(revisions)).toEqual(new Map(expected));
      expect(await log.findRevisions([])).toEqual(new Map());
    });

    it('130 writes: the newest 100 stay in the history, oldest first', async () => {
      const { log } = await setUp();
      let held = await insertAndClaim(log);
      for (let n = 0; n < 130; n += 1) {
        const event = { type: 'tested', step: null, detail: String(n) };
        // What is read back must be on a majority.
        const durability = n === 129 ? 'majority' : 'primary';
        held = await commitAs(log, held, { events: [{ ...event, atMs: n }], durability });
      }
      const { history, revision } = await found(log, held.saga);
      expect(revision).toBe(132);
      expect(history).toEqual(held.saga.history);
      expect(history.map(({ detail }) => detail)).toEqual(
        Array.from({ length: 100 }, (_, n) => String(n + 30)),
      );
    });

    it('an intervention racing with the worker’s write, 40 times: one lands on a revision, the other sees it', async () => {
      const { log, other } = await setUp();
      for (let round = 0; round < 40; round += 1) {
        const held = await insertAndClaim(log);
        const { saga: base } = held;
        const state = { ...base.state, cancelRequested: true };
        const event = { type: 'cancel-requested', step: null, detail: null };
        const intervention = { base, state, event, writeId: randomUUID() };
        const [written, intervened] = await Promise.all([
          log.commit(logWrite(held)),
          other.intervene(intervention),
        ]);
        expect([written.status, intervened.status].sort()).toEqual(['conflict', 'landed']);
        const { state: now, revision } = await found(log, base);
        expect(revision).toBe(base.revision + 1);
        expect(now.cancelRequested).toBe(intervened.status === 'landed');
        expect(now.phase).toBe(written.status === 'landed' ? 'running' : 'queued');
        const repeated = await other.intervene(intervention);
        expect(repeated.status).toBe(intervened.status);
      }
    });
  });

  describe(`${name}: looking`, () => {
    it('a list: newest first, in pages that follow each other without a gap or a repeat', async () => {
      const { log } = await setUp();
      const given = Array.from({ length: 11 }, (_, n) =>
        newSaga({ subject: n % 5 === 4 ? 'other' : 'me' }),
      );
      await Promise.all(given.map((saga) => log.insert(saga)));
      const observed: SagaRecord[] = [];
      let cursor: string | undefined;
      for (let pages = 0; pages < 10; pages += 1) {
        const page = await log.list({ subject: 'me', limit: 4, ...(cursor && { cursor }) });
        observed.push(...page.sagas);
        if (page.nextCursor === null) break;
        expect(page.sagas).toHaveLength(4);
        cursor = page.nextCursor;
      }
      const mine = given.filter(({ subject }) => subject === 'me').map(({ id }) => id);
      expect(observed.map(({ id }) => id).sort()).toEqual([...mine].sort());
      const times = observed.map(({ createdAt, id }) => `${createdAt} ${id}`);
      expect(times).toEqual([...times].sort().reverse());
    });

    it('a list by kind and phase: only those', async () => {
      const { log } = await setUp();
      const held = await insertAndClaim(log);
      await commitAs(log, held, { state: { ...QUEUED, phase: 'completed' } });
      const { saga: queued } = await log.insert(newSaga({ kind: 'other-saga' }));
      const ids = async (filter: Parameters<SagaLog['list']>[0]) =>
        (await log.list(filter)).sagas.map(({ id }) => id);
      expect(await ids({ phases: ['completed', 'stuck'], limit: 9 })).toEqual([held.saga.id]);
      expect(await ids({ kind: 'other-saga', limit: 9 })).toEqual([queued.id]);
      expect(await ids({ kind: 'other-saga', phases: ['stuck'], limit: 9 })).toEqual([]);
    });

    it('a list by id, subject or bot: those that are any of these, in pages too', async () => {
      const { log } = await setUp();
      const about = (instanceId: string) => ({ subject: 'somebody', input: { instanceId } });
      const { saga: one } = await log.insert(newSaga(about('bot-1')));
      const { saga: other } = await log.insert(newSaga({ subject: 'me', input: null }));
      const { saga: asked } = await log.insert(newSaga({ input: { requestName: 'me/1' } }));
      await log.insert(newSaga(about('bot-10')));
      const found = async (...anyOf: SagaTrait[]) => {
        const first = await log.list({ anyOf, limit: 1 });
        const cursor = first.nextCursor;
        const rest = cursor === null ? [] : (await log.list({ anyOf, limit: 9, cursor })).sagas;
        return [...first.sagas, ...rest].map(({ id }) => id).sort();
      };
      expect(await found({ of: 'id', value: one.id })).toEqual([one.id]);
      expect(await found({ of: 'input', field: 'instanceId', value: 'bot-1' })).toEqual([one.id]);
      expect(
        await found(
          { of: 'subject', value: 'me' },
          { of: 'input', field: 'instanceId', value: 'bot-1' },
        ),
      ).toEqual([one.id, other.id].sort());
      expect(await found({ of: 'input', field: 'requestName', value: 'me/1' })).toEqual([asked.id]);
      expect(await found({ of: 'input', field: 'instanceId', value: 'bot' })).toEqual([]);
      expect(await found()).toEqual([]);
    });

    it.each([
      ['empty', ''],
      ['no base64', '§§§'],
      ['other text', Buffer.from('hello').toString('base64url')],
      ['no moment', Buffer.from('x tst-0123456789').toString('base64url')],
      ['no id', Buffer.from('1234567 {"$gt":""}').toString('base64url')],
      ['a moment beyond time', Buffer.from(`${'9'.repeat(30)} tst-0123456789`).toString('base64')],
    ])('a cursor that no page gave out (%s): refused', async (_, cursor) => {
      const { log } = await setUp();
      await expect(log.list({ limit: 5, cursor })).rejects.toThrow(BadCursorError);
    });

    it('who holds which keys: every open saga, stuck ones too; none for a key that is free again', async () => {
      const { log, other } = await setUp();
      const { saga: queued } = await log.insert(newSaga());
      const stuck = await insertAndClaim(log);
      await commitAs(log, stuck, { state: { ...QUEUED, phase: 'stuck', stuckFrom: 'running' } });
      const ended = await insertAndClaim(log);
      await commitAs(log, ended, { state: { ...QUEUED, phase: 'completed' } });
      const twice = await insertAndClaim(log);
      await commitAs(log, twice, { state: { ...QUEUED, phase: 'compensated' } });
      const { saga: newer } = await log.insert(newSaga({ key: twice.saga.key }));
      const asked = [queued, stuck.saga, ended.saga, newer].map(({ key }) => key);
      const holders = await other.findHolders([...asked, ...asked, 'key/of-nobody']);
      expect(holders).toEqual(
        new Map([
          [queued.key, queued.id],
          [stuck.saga.key, stuck.saga.id],
          [newer.key, newer.id],
        ]),
      );
      expect(await other.findHolders([])).toEqual(new Map());
    });

    it('overdue: taken once within the hold, by one of two relays, and again after it', async () => {
      const { log, other, pass } = await setUp();
      const ids = await Promise.all(
        Array.from({ length: 20 }, async () => (await log.insert(newSaga())).saga.id),
      );
      const order = { limit: 50, holdMs: 30_000 };
      expect(await log.takeOverdue(order)).toEqual([]);
      await pass(10_000);
      const [mine, theirs] = await Promise.all([log.takeOverdue(order), other.takeOverdue(order)]);
      const taken = [...mine, ...theirs].map(({ id }) => id);
      expect(taken.sort()).toEqual(ids.sort());
      expect(mine.concat(theirs)[0]?.kind).toBe('test-saga');
      expect(await log.takeOverdue(order)).toEqual([]);
      await pass(30_000);
      expect(await log.takeOverdue({ ...order, limit: 7 })).toHaveLength(7);
      expect(await log.takeOverdue(order)).toHaveLength(13);
    });

    it('parked by its worker: the relay leaves it alone until then, and no longer', async () => {
      const { log, pass } = await setUp();
      const { saga } = await log.insert(newSaga());
      const order = { limit: 10, holdMs: 30_000 };
      await log.park(saga.id, Date.now() + 40_000);
      await pass(30_000);
      expect(await log.takeOverdue(order)).toEqual([]);
      await pass(20_000);
      expect(await log.takeOverdue(order)).toMatchObject([{ id: saga.id }]);
    });

    it('an order ends one that holds something outside: named once a hold from the first pass on, until it is released', async () => {
      const { log, other, pass } = await setUp();
      const end = async (owesRelease: boolean) => {
        const { saga } = await insertAndClaim(log);
        const state = { ...saga.state, phase: 'completed' as const };
        const event = { type: 'resolve-ordered', step: null, detail: null };
        const order = { base: saga, state, event, writeId: randomUUID(), owesRelease };
        expect((await log.intervene(order)).status).toBe('landed');
        return saga.id;
      };
      const order = { runnable: ['test-saga@1'], limit: 9, holdMs: 60_000 };
      const taken = async (by = other) => (await by.takeUnreleased(order)).map(({ id }) => id);
      const id = await end(true);
      await end(false);
      expect(await taken()).toEqual([]);
      await pass(FIRST_RELEASE_PASS_MS + 1_000);
      // A process of another release leaves it to those that know it.
      expect(await log.takeUnreleased({ ...order, runnable: ['test-saga@2'] })).toEqual([]);
      expect(await other.takeUnreleased(order)).toMatchObject([{ id, open: false }]);
      expect(await taken(log)).toEqual([]);
      await pass(61_000);
      expect(await taken()).toEqual([id]);
      // The clock goes back.
      await pass(-HOUR_MS);
      expect(await taken()).toEqual([id]);
      await pass(61_000);
      await log.noteReleased(id);
      await log.noteReleased(id);
      expect(await taken()).toEqual([]);
    });

    it('the clock goes back by an hour: overdue all the same, and one that is to begin later is not (I10)', async () => {
      const { log, pass } = await setUp();
      const fresh = await log.insert(newSaga());
      const dead = await insertAndClaim(log);
      await log.insert(newSaga({ notBeforeMs: Date.now() + 60_000 }));
      const order = { limit: 9, holdMs: 30_000 };
      await pass(10_000);
      expect(await log.takeOverdue(order)).toHaveLength(1);
      await pass(-3_600_000);
      const taken = await log.takeOverdue(order);
      expect(taken.map(({ id }) => id).sort()).toEqual([fresh.saga.id, dead.saga.id].sort());
      expect(await log.takeOverdue(order)).toEqual([]);
    });

    it('leased, stuck, ended, due in the future: not overdue; with a lease that ran out: overdue', async () => {
      const { log, pass } = await setUp();
      const [stuck, ended, sleeping, dead] = await Promise.all(
        Array.from({ length: 4 }, () => insertAndClaim(log)),
      );
      if (!stuck || !ended || !sleeping || !dead) throw new Error('no sagas');
      const notBeforeMs = Date.now() + 3_600_000;
      await commitAs(log, stuck, { state: { ...QUEUED, phase: 'stuck', stuckFrom: 'running' } });
      await commitAs(log, ended, { state: { ...QUEUED, phase: 'cancelled' } });
      await commitAs(log, sleeping, { state: { ...QUEUED, phase: 'running', notBeforeMs } });
      await log.release(sleeping.claim);
      await pass(LEASE_MS + 10_000);
      await insertAndClaim(log);
      await pass(10_000);
      const taken = await log.takeOverdue({ limit: 9, holdMs: 1_000 });
      expect(taken.map(({ id }) => id)).toEqual([dead.saga.id]);
    });
  });
}
