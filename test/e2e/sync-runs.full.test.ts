// Runs of one user's synchronisation among one another and beside deletions: which call is answered by which run,
// what a rehearsal and a page load may do, and that no race pays twice (I2, I8, I12).

import { expect, it, onTestFinished } from 'vitest';
import { toSagaId } from '../../packages/saga/src/saga-id.ts';
import { startWorkers } from '../../src/main/compose/workers.ts';
import { readMetrics, startTestApplication, type TestApplication } from '../support/application.ts';
import {
  allOf,
  jobIn,
  outsideState,
  ownEntries,
  placeBot,
  startWithFixtures,
  userNamed,
} from '../support/deletions.ts';
import { orphanOf, returnedBy, skippedOf, startSync, syncWallet } from '../support/syncs.ts';
import { allocation, putUser } from '../support/users.ts';
import { waitFor } from '../support/wait-for.ts';

const PASSIVE = '?passive=true';

async function sagasOf(app: TestApplication, kind: string) {
  return (await allOf(app, 'sagas')).filter((saga) => saga.kind === kind);
}

async function allEnded(app: TestApplication): Promise<void> {
  await waitFor('every saga to end', async () => {
    return (await app.db.collection('sagas').countDocuments({ open: true })) === 0;
  });
}

it('calls before a worker has begun: one job for all of a kind, none across kinds or users; each is paid once', async () => {
  const app = await startTestApplication({ env: { WORKERS: 'none' } });
  const [one, two] = [await orphanOf(app, 'uid-one'), await orphanOf(app, 'uid-two')];
  const call = (uid: string, query?: string) =>
    Promise.all(Array.from({ length: 10 }, () => startSync(app, uid, query)));
  const jobs = await Promise.all([call(one.uid), call(one.uid, PASSIVE), call(two.uid)]);
  for (const ids of jobs) expect(new Set(ids).size).toBe(1);
  expect(new Set(jobs.flat()).size).toBe(3);
  const workers = startWorkers(app.services, ['deletion', 'sync', 'relay']);
  onTestFinished(() => workers.stop());
  await jobIn(app, one.uid, jobs[0]?.[0] ?? '', 'completed');
  await jobIn(app, two.uid, jobs[2]?.[0] ?? '', 'completed');
  for (const { uid } of [one, two]) {
    expect((await userNamed(app, uid)).paperWallet.balance).toBe(160);
  }
  expect(await ownEntries(app)).toHaveLength(2);
});

it('a queued run is cancelled: nothing happens, and the next call is a new run', async () => {
  const app = await startTestApplication({ env: { WORKERS: 'none' } });
  const bot = await orphanOf(app, 'uid-one');
  const before = await outsideState(app);
  const jobId = await startSync(app, bot.uid);
  const { status, body } = await app.call(bot.uid, 'POST', `/jobs/${jobId}/cancel`);
  expect([status, body.state]).toEqual([202, 'cancelled']);
  const next = await startSync(app, bot.uid);
  expect(next).not.toBe(jobId);
  const workers = startWorkers(app.services, ['deletion', 'sync', 'relay']);
  onTestFinished(() => workers.stop());
  await jobIn(app, bot.uid, next, 'completed');
  expect((await userNamed(app, bot.uid)).paperWallet.balance).toBe(160);
  expect(before.ledger).toEqual([]);
  expect(await ownEntries(app)).toHaveLength(1);
});

it('calls while a run looks: the next run for all of them, which looks only when that one has ended', async () => {
  const app = await startTestApplication();
  const bot = await orphanOf(app, 'uid-one');
  // One call of the host hangs until its deadline: the first run's look.
  await app.world.injectFaults({ host: 'simulated' }, { hang: 1 });
  const first = await startSync(app, bot.uid);
  await waitFor('the first run to hang', async () => {
    const [host] = await app.db
      .collection('simulatedBots')
      .find({ kind: 'host' as never })
      .toArray();
    return host?.injectFaults.hang === 0;
  });
  const second = await startSync(app, bot.uid);
  await waitFor('the second run to ask for its turn', async () => {
    return (await app.services.sagas.find(toSagaId(second)))?.state.phase === 'running';
  });
  const later: string[] = [];
  for (let n = 0; n < 10; n += 1) later.push(await startSync(app, bot.uid));
  const passive = await startSync(app, bot.uid, PASSIVE);
  expect(new Set([second, ...later]).size).toBe(1);
  for (const id of [second, ...later, passive]) expect(id).not.toBe(first);
  expect([second, ...later]).not.toContain(passive);

  const ends = await Promise.all([first, second].map((id) => jobIn(app, bot.uid, id, 'completed')));
  const [one, two] = ends;
  expect(one?.result.data.skipped).toMatchObject([{ reason: expect.stringMatching(/^unknown/) }]);
  expect(two?.result.data.cleanedBots).toMatchObject([{ botId: bot.instanceId, returned: 110 }]);
  const confirmTwo = two?.steps.find(({ name }: { name: string }) => name === 'observe');
  expect(confirmTwo.finishedAt >= one?.finishedAt).toBe(true);
  expect(await ownEntries(app)).toHaveLength(1);
});

it('the end of what a run has started wakes it', async () => {
  const app = await startTestApplication();
  const bots = Object.fromEntries([1, 2, 3, 4].map((n) => [`uid-one-bot-${n}`, allocation(1, 1)]));
  await putUser(app.db, { balance: 0, bots, firebaseUid: 'uid-one' });
  const { body } = await syncWallet(app, 'uid-one');
  expect(body.data.totalReturned).toBe(4);
  const run = await app.services.sagas.find(toSagaId(body.jobId));
  expect(run?.history.map(({ type }) => type)).toContain('woken');
  const children = await sagasOf(app, 'reclaim-orphan');
  expect(children.map(({ parent }) => parent)).toEqual([1, 2, 3, 4].map(() => body.jobId));
});

const WRITTEN = ['sagas', 'suspects', 'findings', 'orphanSamples', 'hostRecords', 'runDrifts'];

it('?dryRun=true: the amounts to the cent, and nothing is written anywhere', async () => {
  const app = await startWithFixtures({ areHostsKnown: false });
  const before = await outsideState(app);
  const expected: [uid: string, returned: Record<string, number>, balance: number | null][] = [
    ['anshjarvis2003', { 'anshjarvis2003-bot-1': 1105 }, 18436],
    ['uid-live', {}, 500.25],
    ['uid-loss', { 'uid-loss-bot-1': 0, 'uid-loss-bot-2': 40 }, 1040],
    ['uid-cents', { 'uid-cents-bot-1': 0.2 }, 0.3],
    ['uid-stale', { 'uid-stale-bot-1': 812.34 }, 822.34],
    ['uid-lost', {}, 10],
    ['uid-bad', {}, 77],
    ['uid-ghost', {}, 5],
    ['uid-legacy', {}, null],
  ];
  for (const [uid, returned, balance] of expected) {
    const reply = await syncWallet(app, uid, '?dryRun=true');
    expect([uid, reply.status, reply.body.dryRun]).toEqual([uid, 200, true]);
    expect(reply.body.jobId).toBeUndefined();
    expect([uid, returnedBy(reply)]).toEqual([uid, returned]);
    expect([uid, reply.body.data.newWalletBalance]).toEqual([uid, balance]);
  }
  const loss = await syncWallet(app, 'uid-loss', '?dryRun=true');
  expect(loss.body.message).toBe('2 orphaned bot allocation(s) would be cleaned up');
  expect(loss.body.data.cleanedBots).toContainEqual({
    botId: 'uid-loss-bot-1',
    botName: 'Burnt',
    returned: 0,
    pnl: -300,
  });
  expect(skippedOf(await syncWallet(app, 'uid-bad', '?dryRun=true'))).toEqual({
    'uid-bad-bot-1': 'not-money',
    'uid-bad-bot-2': 'not-money',
  });
  expect(await outsideState(app)).toEqual(before);
  for (const collection of WRITTEN) expect(await allOf(app, collection)).toEqual([]);
});

it('?dryRun=true, then the real run: the same sums, half a cent to the even one', async () => {
  const app = await startTestApplication();
  const values = { a: 2.675, b: 2.665, c: 1.005, d: 0.005, e: 1e-9, f: 999_999.995 };
  const bots = Object.fromEntries(
    Object.entries(values).map(([name, value]) => [`uid-one-bot-${name}`, allocation(1, value)]),
  );
  await putUser(app.db, { balance: 0.1, bots, firebaseUid: 'uid-one' });
  const rehearsed = (await syncWallet(app, 'uid-one', '?dryRun=true')).body.data;
  const done = (await syncWallet(app, 'uid-one')).body.data;
  expect(rehearsed).toEqual(done);
  expect(done.cleanedBots.map(({ returned }: { returned: number }) => returned)).toEqual([
    2.68, 2.66, 1, 0, 0, 1_000_000,
  ]);
  expect(done.newWalletBalance).toBe(1_000_006.44);
});

it('?passive=true: only marks; one run a minute later, however often the page is loaded, observes again and pays', async () => {
  const app = await startTestApplication();
  const bot = await orphanOf(app, 'uid-one');
  const before = await outsideState(app);
  const beganMs = app.services.clock.nowMs();
  for (let n = 0; n < 3; n += 1) {
    const reply = await syncWallet(app, bot.uid, PASSIVE);
    expect(skippedOf(reply)).toEqual({ [bot.instanceId]: 'suspected' });
    expect(reply.body.data.cleanedBots).toEqual([]);
  }
  const endedMs = app.services.clock.nowMs();
  expect(await outsideState(app)).toEqual(before);
  expect(await allOf(app, 'suspects')).toMatchObject([{ instanceId: bot.instanceId, value: 110 }]);
  expect(await metric(app, 'sync_orphans_found_total')).toBe(0);
  const confirming = await waitFor('the confirming run to sleep', async () => {
    const runs = (await sagasOf(app, 'sync-wallet')).filter(({ key }) => /confirming$/.test(key));
    expect(runs).toHaveLength(1);
    return runs[0]?.leaseUntil === null && runs[0].state.notBeforeMs !== null && runs[0];
  });
  const orderedMs = confirming.input.notBeforeMs - 60_000;
  expect(orderedMs).toBeGreaterThanOrEqual(beganMs);
  expect(orderedMs).toBeLessThanOrEqual(endedMs);

  await minutePasses(app, confirming._id);
  await jobIn(app, bot.uid, String(confirming._id), 'completed');
  expect((await userNamed(app, bot.uid)).paperWallet.balance).toBe(160);
  expect(await allOf(app, 'suspects')).toEqual([]);
  expect(await metric(app, 'sync_orphans_found_total')).toBe(1);
});

async function metric(app: TestApplication, name: string): Promise<number> {
  const text = await readMetrics(app);
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
}

/** As time would, for a run that sleeps. */
async function minutePasses(app: TestApplication, _id: unknown): Promise<void> {
  const at = new Date(0);
  const due = { 'input.notBeforeMs': 0, 'state.notBeforeMs': 0, dueAt: at, relayAt: at };
  await app.db.collection('sagas').updateOne({ _id: _id as never }, { $set: due });
}

it('?passive=true, and the bot is there a minute later: the suspicion is over, nothing is paid', async () => {
  const app = await startTestApplication();
  const bot = await orphanOf(app, 'uid-one');
  await syncWallet(app, bot.uid, PASSIVE);
  const { instanceId, uid } = bot;
  await app.world.addDedicated({ instanceId, labels: { instanceId, userId: uid } });
  const confirming = await waitFor('the confirming run to sleep', async () => {
    const runs = (await sagasOf(app, 'sync-wallet')).filter(({ key }) => /confirming$/.test(key));
    return runs[0]?.leaseUntil === null && runs[0].state.notBeforeMs !== null && runs[0];
  });
  await minutePasses(app, confirming._id);
  await jobIn(app, uid, String(confirming._id), 'completed');
  expect((await userNamed(app, uid)).paperWallet.balance).toBe(50);
  expect(await allOf(app, 'suspects')).toEqual([]);
});

it('?passive=true again within a minute: the same run, ended or cancelled; explicit calls are runs of their own', async () => {
  const app = await startTestApplication({ env: { WORKERS: 'none' } });
  const { uid } = await orphanOf(app, 'uid-one');
  const first = await passiveRun(app, uid);
  await app.call(uid, 'POST', `/jobs/${first}/cancel`);
  expect(await passiveRun(app, uid)).toBe(first);

  await aMinuteAgo(app, first);
  const second = await passiveRun(app, uid);
  expect(second).not.toBe(first);
  const workers = startWorkers(app.services, ['deletion', 'sync', 'relay']);
  onTestFinished(() => workers.stop());
  await jobIn(app, uid, second, 'completed');
  const explicit = await startSync(app, uid);
  await jobIn(app, uid, explicit, 'completed');
  expect(await passiveRun(app, uid)).toBe(second);
  expect(await startSync(app, uid)).not.toBe(explicit);

  await aMinuteAgo(app, second);
  expect([first, second]).not.toContain(await passiveRun(app, uid));
});

/** The job that answers a page that opens, ended or not. */
async function passiveRun(app: TestApplication, uid: string): Promise<string> {
  return (await app.call(uid, 'POST', `/sync-wallet${PASSIVE}`)).body.jobId;
}

async function aMinuteAgo(app: TestApplication, jobId: string): Promise<void> {
  const sagas = app.db.collection('sagas');
  const found = await sagas.findOne({ _id: jobId as never });
  const createdAt = new Date(Number(found?.createdAt) - 60_000);
  await sagas.updateOne({ _id: jobId as never }, { $set: { createdAt } });
}

it('nothing is wrong: no page load leaves a run behind', async () => {
  const app = await startTestApplication();
  const bot = await placeBot(app, 'dedicated');
  await syncWallet(app, bot.uid, PASSIVE);
  await allEnded(app);
  expect(await sagasOf(app, 'sync-wallet')).toHaveLength(1);
});
