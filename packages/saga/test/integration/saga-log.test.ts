// The saga log on a real MongoDB: the contract, and what is particular to a database behind a wire.

import type { Db } from 'mongodb';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { createTestDatabase } from '../../../../test/support/database.ts';
import { openDb } from '../../../../test/support/open-db.ts';
import { createTcpProxy } from '../../../../test/support/tcp-proxy.ts';
import { waitFor } from '../../../../test/support/wait-for.ts';
import { UnavailableError } from '../../src/errors.ts';
import { describeSagaLog } from '../contracts/saga-log.ts';
import { describeCancels } from '../contracts/saga-log-cancel.ts';
import { describeForgetfulSagaLog } from '../contracts/saga-log-failover.ts';
import {
  beforeFailover,
  createSagaIndexes,
  createTestSagaLog,
  openTestSagaLog,
  passForSagas,
  sagasOf,
} from '../support/saga-log.ts';
import {
  claimOf,
  claimRequest,
  insertAndClaim,
  logWrite,
  newSaga,
  QUEUED,
} from '../support/saga-writes.ts';

const open = async (db: Db) => ({
  log: (await createTestSagaLog(db)).log,
  other: (await openTestSagaLog(db)).log,
  pass: (ms: number) => passForSagas(db, ms),
});

describeSagaLog('MongoSagaLog', open);
describeCancels('MongoSagaLog', open);

describeForgetfulSagaLog('MongoSagaLog', async (db) => ({
  log: (await createTestSagaLog(db)).log,
  beforeFailover: () => beforeFailover(db),
}));

/** The log over a wire that can be cut, beside the one that is connected directly. */
async function setUpWired(retryWrites = false) {
  const db = await createTestDatabase();
  const { log: direct } = await createTestSagaLog(db);
  const { hostname, port } = new URL(inject('mongodbUri'));
  const proxy = await createTcpProxy({ host: hostname, port: Number(port) });
  const uri = `mongodb://127.0.0.1:${proxy.port}/?directConnection=true&retryWrites=${retryWrites}`;
  const wired = await openDb(uri, { dbName: db.databaseName, serverSelectionTimeoutMS: 700 });
  onTestFinished(() => wired.client.close());
  const { log } = await openTestSagaLog(wired);
  return { db, direct, log, proxy };
}

/** What only a write of the log carries, and no read. */
const COMMIT = 'writeId';

describe('the wire between the log and its database is cut', () => {
  it.each([false, true])(
    'the answer of a commit is lost and the wire heals (driver retries: %s): landed, once',
    async (retryWrites) => {
      const { direct, log, proxy } = await setUpWired(retryWrites);
      const held = await insertAndClaim(direct);
      const healed = proxy.cutAfter(COMMIT).then(() => proxy.heal());
      const write = logWrite(held);
      const result = await waitFor('the wire to heal', () =>
        log.commit(write).catch((error: unknown) => {
          expect(error).toBeInstanceOf(UnavailableError);
          return undefined;
        }),
      );
      await healed;
      expect(result.status).toBe('landed');
      const saga = await direct.find(held.saga.id);
      expect(saga?.revision).toBe(held.saga.revision + 1);
      expect(saga?.history.filter(({ type }) => type === 'tested')).toHaveLength(1);
    },
  );

  it('the answers of 30 commits are lost, one of them fenced: each learns its own outcome', async () => {
    const { db, direct, log, proxy } = await setUpWired();
    const helds = await Promise.all(Array.from({ length: 30 }, () => insertAndClaim(direct)));
    await passForSagas(db, 120_000);
    const [lost] = helds;
    if (lost === undefined) throw new Error('no sagas');
    await claimOf(direct, lost.saga);
    const healed = proxy.cutAfter(COMMIT).then(() => proxy.heal());
    const results = await Promise.all(
      helds.map((held) => {
        const write = logWrite(held);
        return waitFor('the commit', () => log.commit(write).catch(() => undefined));
      }),
    );
    await healed;
    expect(results.map(({ status }) => status)).toEqual([
      'fenced',
      ...Array.from({ length: 29 }, () => 'landed'),
    ]);
    const revisions = await Promise.all(helds.map(async ({ saga }) => direct.find(saga.id)));
    expect(new Set(revisions.slice(1).map((saga) => saga?.revision))).toEqual(new Set([3]));
  });

  it('nothing comes through: the commit says so, and is sent again under its own id', async () => {
    const { direct, log, proxy } = await setUpWired();
    const held = await insertAndClaim(direct);
    proxy.cut();
    const write = logWrite(held);
    await expect(log.commit(write)).rejects.toThrow(UnavailableError);
    expect((await direct.find(held.saga.id))?.revision).toBe(held.saga.revision);
    proxy.heal();
    const result = await waitFor('the wire', () => log.commit(write).catch(() => undefined));
    expect(result.status).toBe('landed');
  });

  it('the answer of a claim is lost: sent again it is the same claim', async () => {
    const { direct, log, proxy } = await setUpWired();
    const { saga } = await direct.insert(newSaga());
    const request = claimRequest();
    const healed = proxy.cutAfter(request.owner).then(() => proxy.heal());
    const result = await waitFor('the wire', () =>
      log.claim(saga.id, request).catch(() => undefined),
    );
    await healed;
    expect(result).toMatchObject({ status: 'claimed', saga: { epoch: 1, revision: 2 } });
  });

  it('the answer of an insert is lost: refused as unavailable, and the next request gets that saga', async () => {
    const { direct, log, proxy } = await setUpWired();
    const saga = newSaga();
    const cut = proxy.cutAfter(saga.key);
    await expect(log.insert(saga)).rejects.toThrow(UnavailableError);
    await cut;
    proxy.heal();
    const again = await waitFor('the wire', () =>
      log.insert(newSaga({ key: saga.key })).catch(() => undefined),
    );
    expect(again).toMatchObject({ status: 'exists', saga: { id: saga.id } });
    expect(await direct.findByKey(saga.key, 5)).toHaveLength(1);
  });

  it('the answer of an intervention is lost: sent again it has landed', async () => {
    const { direct, log, proxy } = await setUpWired();
    const { saga: base } = await direct.insert(newSaga());
    const event = { type: 'cancel-requested', step: null, detail: null };
    const state = { ...base.state, cancelRequested: true };
    const intervention = { base, state, event, writeId: 'the-same' };
    const cut = proxy.cutAfter(COMMIT);
    await expect(log.intervene(intervention)).rejects.toThrow(UnavailableError);
    await cut;
    proxy.heal();
    const again = await waitFor('the wire', () =>
      log.intervene(intervention).catch(() => undefined),
    );
    expect(again).toMatchObject({ status: 'landed', saga: { revision: 2 } });
  });
});

describe('how long sagas wait for a worker', () => {
  it('due, under a live lease, under a lease that ran out, stuck, not due: only what could be run now counts', async () => {
    const db = await createTestDatabase();
    const { log } = await createTestSagaLog(db);
    const waiting = async () => {
      const groups = await log.openSummary();
      return groups.map(({ phase, waitingSeconds }) => [phase, Math.floor(waitingSeconds)]);
    };
    const held = await insertAndClaim(log);
    await log.insert(newSaga({ notBeforeMs: Date.now() + 3_600_000 }));
    await passEverywhere(db, 50_000);
    expect(await waiting()).toEqual([['queued', 0]]);
    await passEverywhere(db, 40_000);
    const [[, ranOut] = []] = await waiting();
    expect(ranOut).toBeGreaterThanOrEqual(30);
    expect(ranOut).toBeLessThan(60);
    const renewed = await claimOf(log, held.saga);
    expect(await waiting()).toEqual([['queued', 0]]);
    await log.commit(logWrite(renewed, { state: { ...QUEUED, phase: 'stuck' } }));
    await passEverywhere(db, 3_000_000);
    expect(Object.fromEntries(await waiting())).toEqual({ queued: 0, stuck: 0 });
    await passEverywhere(db, 1_000_000);
    expect(Object.fromEntries(await waiting()).queued).toBeGreaterThan(300);
  });
});

async function passEverywhere(db: Db, ms: number): Promise<void> {
  await passForSagas(db, ms);
  const earlier = (at: string) => ({ $subtract: [at, ms] });
  const moved = { $mergeObjects: ['$$this', { at: earlier('$$this.at') }] };
  const history = { $map: { input: '$history', in: moved } };
  await sagasOf(db).updateMany({}, [{ $set: { createdAt: earlier('$createdAt'), history } }]);
}

describe('the indexes that the log declares', () => {
  it('what is asked often reads few documents, never all of them', async () => {
    const db = await createTestDatabase();
    await createSagaIndexes(db);
    const { log } = await openTestSagaLog(db);
    const helds = await Promise.all(Array.from({ length: 5 }, () => insertAndClaim(log)));
    const [first] = helds;
    if (first === undefined) throw new Error('no saga');
    const ended = logWrite(first, { state: { ...QUEUED, phase: 'completed' } });
    const commands = await commandsOf(db, async () => {
      await log.commit(ended);
      await log.claim(first.saga.id, claimRequest());
      await log.findByKey(first.saga.key, 5);
      await log.find(first.saga.id);
      await log.prove(first.claim);
      await log.renew([first.claim], 1_000);
      await log.release(first.claim);
      await log.takeOverdue({ limit: 5, holdMs: 1 });
      await log.takeUnreleased({ runnable: ['test-saga@1'], limit: 5, holdMs: 1 });
      await log.list({ subject: 'somebody', limit: 5 });
      await log.list({ limit: 5 });
      await log.openSummary();
      await log.noteRunnable(['test-saga@1']);
      await log.findRevisions([first.saga.id]);
      await log.insert(newSaga({ key: helds[1]?.saga.key ?? '' }));
    });
    expect(commands.length).toBeGreaterThan(12);
    for (const command of commands) expect(command).not.toContain('COLLSCAN');
  });

  it('what is stuck, among many that have ended: only open ones are observed', async () => {
    const db = await createTestDatabase();
    await createSagaIndexes(db);
    const { log } = await openTestSagaLog(db);
    const held = await insertAndClaim(log);
    await log.commit(logWrite(held, { state: { ...QUEUED, phase: 'stuck' } }));
    const ended = (n: number) => ({ open: false, createdAt: new Date(n) });
    await sagasOf(db).insertMany(Array.from({ length: 500 }, (_, n) => ended(n)));
    await db.command({ profile: 2 });
    const { sagas } = await log.list({ phases: ['stuck', 'running'], limit: 5 });
    await db.command({ profile: 0 });
    expect(sagas.map(({ id }) => id)).toEqual([held.saga.id]);
    const [observed] = await db.collection('system.profile').find({ op: 'query' }).toArray();
    expect(observed?.docsExamined).toBe(1);
  });

  it('what is overdue, among many that sleep: the relay reads none of those', async () => {
    const db = await createTestDatabase();
    await createSagaIndexes(db);
    const { log } = await openTestSagaLog(db);
    const { saga } = await log.insert(newSaga());
    await passForSagas(db, 60_000);
    const asleep = { ...(await sagasOf(db).findOne({})), dueAt: new Date('2100-01-01') };
    await sagasOf(db).insertMany(
      Array.from({ length: 500 }, (_, n) => ({ ...asleep, _id: n as never, key: `key-${n}` })),
    );
    await db.command({ profile: 2 });
    const overdue = await log.takeOverdue({ limit: 10, holdMs: 1_000 });
    await db.command({ profile: 0 });
    expect(overdue.map(({ id }) => id)).toEqual([saga.id]);
    const [read] = await db.collection('system.profile').find({ op: 'query' }).toArray();
    expect(read?.docsExamined).toBe(1);
  });

  it('a search by user or bot, among many others: an index for each, merged in order', async () => {
    const db = await createTestDatabase();
    await createSagaIndexes(db);
    const { log } = await openTestSagaLog(db);
    const { saga } = await log.insert(newSaga({ subject: 'me', input: { instanceId: 'bot-1' } }));
    const others = Array.from({ length: 500 }, (_, n) => ({
      ...{ open: false, createdAt: new Date(n), subject: `user-${n}` },
      input: { instanceId: `bot-${n + 2}` },
    }));
    await sagasOf(db).insertMany(others);
    const subject = { of: 'subject', value: 'me' } as const;
    const found = async (value: string) => {
      await db.command({ profile: 2 });
      const { sagas } = await log.list({
        anyOf: [subject, { of: 'input', field: 'instanceId', value }],
        limit: 5,
      });
      await db.command({ profile: 0 });
      return sagas.map(({ id }) => id);
    };
    expect(await found('bot-1')).toEqual([saga.id]);
    expect(await found('bot-0')).toEqual([saga.id]);
    const observed = await db.collection('system.profile').find({ op: 'query' }).toArray();
    expect(observed).toHaveLength(2);
    for (const { docsExamined, hasSortStage, planSummary } of observed) {
      expect(planSummary).toContain('input.instanceId: 1');
      expect(docsExamined).toBeLessThanOrEqual(2);
      expect(hasSortStage).toBeFalsy();
    }
  });
});

/** The plans of every command on `sagas` that the work sends, as the server's profiler saw them. */
async function commandsOf(db: Db, work: () => Promise<void>): Promise<string[]> {
  await db.command({ profile: 2 });
  await work();
  await db.command({ profile: 0 });
  const observed = await db
    .collection('system.profile')
    .find({ ns: sagasOf(db).namespace, op: { $in: ['query', 'update', 'command'] } })
    .toArray();
  return observed.map(
    ({ op, planSummary, command }) => `${op} ${planSummary} ${JSON.stringify(command)}`,
  );
}
