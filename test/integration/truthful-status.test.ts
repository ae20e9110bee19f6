// I9 where it is hard: what the primary has and the majority has not is never shown, and of two instances of the API none
// ever shows an older state than one that was shown before. The replica set here is a real one whose majority stands
// still when a test says so.

import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { toSagaId } from '../../packages/saga/src/saga-id.ts';
import { connectMongo } from '../../src/infra/mongodb/connect.ts';
import type { Application } from '../../src/main/compose/application.ts';
import { startWorkers } from '../../src/main/compose/workers.ts';
import { startBeside, startTestApplication, type TestApplication } from '../support/application.ts';
import { acceptDelete, injectFaults, type PlacedBot, placeBot } from '../support/deletions.ts';
import { type ReplicaSet, startReplicaSet } from '../support/replica-set.ts';
import { waitFor } from '../support/wait-for.ts';

let replicas: ReplicaSet;

beforeAll(async () => {
  replicas = await startReplicaSet();
}, 90_000);

afterAll(() => replicas?.stop(), 60_000);

interface ExecutionContext {
  readonly app: TestApplication;
  readonly instances: readonly Application[];
}

interface Order {
  readonly bot: PlacedBot;
  readonly jobId: string;
}

/** Two instances of the API on one database; no worker runs until a test starts one. */
async function setUp(env: Readonly<Record<string, string>> = {}): Promise<ExecutionContext> {
  const app = await startTestApplication({
    serverUri: replicas.uri,
    env: { WORKERS: 'none', ...env },
  });
  const beside = await startBeside(app);
  // Before anything of the test is undone, which needs a majority.
  onTestFinished(() => replicas.release());
  return { app, instances: [app, beside] };
}

async function orderThree({ app }: ExecutionContext): Promise<readonly Order[]> {
  const bots = await Promise.all(
    ['uid-a', 'uid-b', 'uid-c'].map((uid) => placeBot(app, 'dedicated', { uid })),
  );
  return Promise.all(bots.map(async (bot) => ({ bot, jobId: await acceptDelete(app, bot) })));
}

function startWorking({ app }: ExecutionContext): void {
  const workers = startWorkers(app.services, ['deletion', 'relay']);
  onTestFinished(async () => {
    // Workers end at a step's end, which needs a majority.
    replicas.release();
    await workers.stop();
  });
}

interface Shown {
  readonly revision: number;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what the wire brings.
  readonly job: any;
}

/** What one instance shows: over HTTP, and the revision that it has read. */
async function poll(
  { app }: ExecutionContext,
  { url, services }: Application,
  order: Order,
): Promise<Shown> {
  const response = await fetch(`${url}/api/freqtrade/jobs/${order.jobId}`, {
    headers: { authorization: `Bearer ${await app.token(order.bot.uid)}` },
  });
  expect(response.status).toBe(200);
  const job = await response.json();
  const saga = await services.sagas.find(toSagaId(order.jobId));
  return { revision: saga?.revision ?? 0, job };
}

interface StoredSaga {
  _id: string;
  revision: number;
  state: { phase: string };
}

/** What lies on the primary, whatever the majority has. */
async function onPrimary({ app }: ExecutionContext, { jobId }: Order) {
  const sagas = app.db.collection<StoredSaga>('sagas');
  const saga = await sagas.findOne({ _id: jobId }, { readConcern: { level: 'local' } });
  if (saga === null) throw new Error(`no saga ${jobId}`);
  return { revision: saga.revision, phase: saga.state.phase };
}

/** Waits until the primary has something newer of one of these: what comes after it waits for the same majority, in one
 * batch with the rest. */
async function anyPastOnPrimary(
  context: ExecutionContext,
  orders: readonly Order[],
  revisions: readonly number[],
  withinMs = 20_000,
): Promise<void> {
  const isPast = async () => {
    const there = await Promise.all(orders.map((order) => onPrimary(context, order)));
    return there.some(({ revision }, index) => revision > (revisions[index] ?? 0));
  };
  await waitFor('a newer revision on the primary', isPast, withinMs);
}

/** The majority stands still while something waits for it. A worker that had heard the last of its writes, and has
 * none under way, says nothing new: then it is let go on, and held again.
 * @returns the newest that may be shown of each. */
async function holdInTheMiddle(
  context: ExecutionContext,
  orders: readonly Order[],
): Promise<readonly number[]> {
  for (let tries = 0; tries < MAX_HOLDS; tries += 1) {
    replicas.hold();
    const known = await Promise.all(orders.map((order) => onPrimary(context, order)));
    const revisions = known.map(({ revision }) => revision);
    const isWaiting = anyPastOnPrimary(context, orders, revisions, HELD_MS);
    if (await isWaiting.then(() => true).catch(() => false)) return revisions;
    replicas.release();
  }
  throw new Error('no write was ever on its way');
}

const MAX_HOLDS = 8;
const HELD_MS = 1_500;

/** Each instance in turn, several times. */
async function pollAll(context: ExecutionContext, order: Order): Promise<readonly Shown[]> {
  const shown: Shown[] = [];
  for (let round = 0; round < 5; round += 1) {
    for (const instance of context.instances) shown.push(await poll(context, instance, order));
  }
  return shown;
}

const RANKS = ['queued', 'running', 'completed'];

/** Each instance in turn, until one shows the end; what is shown never goes back. */
async function followToTheEnd(
  context: ExecutionContext,
  order: Order,
  from: number,
): Promise<void> {
  let last = { revision: from, rank: 0, progress: 0 };
  let turn = 0;
  await waitFor(`the end of ${order.jobId}`, async () => {
    const instance = context.instances[turn++ % context.instances.length];
    if (instance === undefined) throw new RangeError('no instance');
    const { revision, job } = await poll(context, instance, order);
    const now = { revision, rank: RANKS.indexOf(job.state), progress: job.progress };
    expect(now.revision).toBeGreaterThanOrEqual(last.revision);
    expect(now.rank).toBeGreaterThanOrEqual(last.rank);
    expect(now.progress).toBeGreaterThanOrEqual(last.progress);
    last = now;
    return job.state === 'completed';
  });
}

describe('a majority that stands still (I9)', () => {
  it('while three claims wait for it: both instances show all three as they were, and then go on', async () => {
    const context = await setUp();
    const orders = await orderThree(context);
    replicas.hold();
    startWorking(context);

    await anyPastOnPrimary(context, orders, [1, 1, 1]);
    for (const order of orders) {
      for (const { revision, job } of await pollAll(context, order)) {
        expect([revision, job.state, job.progress]).toEqual([1, 'queued', 0]);
      }
    }

    replicas.release();
    await Promise.all(orders.map((order) => followToTheEnd(context, order, 1)));
  });

  it('while the log of three sagas in mid-step waits for it: no attempt is shown that could be taken back', async () => {
    const context = await setUp({ STOP_TIMEOUT_MS: '600000' });
    const orders = await orderThree(context);
    for (const { bot } of orders) await injectFaults(context.app, bot, { refuseStop: true });
    startWorking(context);
    for (const order of orders) await anyPastOnPrimary(context, [order], [3]);

    const revisions = await holdInTheMiddle(context, orders);
    for (const [index, order] of orders.entries()) {
      for (const { revision } of await pollAll(context, order)) {
        expect(revision).toBeLessThanOrEqual(revisions[index] ?? 0);
      }
    }
    const shown = await Promise.all(orders.map((order) => poll(context, context.app, order)));

    for (const { bot } of orders) await injectFaults(context.app, bot, null);
    replicas.release();
    await Promise.all(
      orders.map((order, index) => followToTheEnd(context, order, shown[index]?.revision ?? 0)),
    );
  });

  it('while an end waits for it: nobody is told of the end, in no list either, until it cannot be taken back', async () => {
    const context = await setUp();
    const [order, ...others] = await orderThree(context);
    if (order === undefined) throw new RangeError('three were ordered');
    replicas.hold();
    const { uid } = order.bot;
    const cancelling = context.app.call(uid, 'POST', `/jobs/${order.jobId}/cancel`);

    await anyPastOnPrimary(context, [order], [1]);
    expect(await onPrimary(context, order)).toEqual({ revision: 2, phase: 'cancelled' });
    for (const { revision, job } of await pollAll(context, order)) {
      expect([revision, job.state, job.finishedAt]).toEqual([1, 'queued', null]);
    }
    const { body } = await context.app.call(uid, 'GET', '/jobs');
    expect(body.jobs.map(({ state }: { state: string }) => state)).toEqual(['queued']);
    // To the owner it is still the deletion that is under way.
    expect(await acceptDelete(context.app, order.bot)).toBe(order.jobId);

    replicas.release();
    expect((await cancelling).status).toBe(202);
    for (const { revision, job } of await pollAll(context, order)) {
      expect([revision, job.state]).toEqual([2, 'cancelled']);
    }
    for (const other of others) {
      for (const { job } of await pollAll(context, other)) expect(job.state).toBe('queued');
    }
  });
});

describe('an address of MongoDB that asks for reads from secondaries', () => {
  it('the primary is asked all the same: what lags behind would show older states than were shown before', async () => {
    const db = await connectMongo(`${replicas.uri}&readPreference=secondaryPreferred`);
    onTestFinished(() => db.client.close());
    expect(db.client.readPreference.mode).toBe('primary');
  });
});
