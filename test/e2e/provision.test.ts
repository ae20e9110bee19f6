// Making a bot, from the request to the running program, on the simulator: what all three sources say then,
// what is refused, and what a repeat is answered.

import { describe, expect, it } from 'vitest';
import { problemOf, type TestApplication } from '../support/application.ts';
import {
  allOf,
  ownEntries,
  readPoolState,
  userNamed,
  writePoolState,
} from '../support/deletions.ts';
import {
  BODY,
  conservation,
  emptyPool,
  poolName,
  provision,
  setUpProvisioning,
  UID,
} from '../support/provisions.ts';
import { spoilPoolState } from '../support/spoil-pool-state.ts';
import { syncWallet } from '../support/syncs.ts';
import { allocation, putUser } from '../support/users.ts';
import { waitFor } from '../support/wait-for.ts';

describe('a provision that succeeds', () => {
  it('into a pool: money, allocation, row, slot, program and ledger entry, each as the platform writes it', async () => {
    const app = await setUpProvisioning();
    const reply = await provision(app);
    const instanceId = `${UID}-bot-1`;

    expect(reply.status).toBe(200);
    expect(reply.body).toEqual({
      success: true,
      message: `Alpha is running as ${instanceId}`,
      jobId: expect.stringMatching(/^prov-/),
      bot: { instanceId, botName: 'Alpha', allocatedAmount: 250.5 },
      wallet: { previousBalance: 1000, newBalance: 749.5 },
    });
    const user = await userNamed(app, UID);
    expect(user.paperWallet).toMatchObject({ balance: 749.5, currency: 'USD', theme: 'dark' });
    expect(user.botAllocations[instanceId]).toMatchObject({
      allocatedAmount: 250.5,
      currentValue: 250.5,
      reservedInTrades: 0,
      availableBalance: 250.5,
      lifetimePnL: 0,
      allocatedAt: user.paperWallet.lastUpdated,
      botName: 'Alpha',
    });
    expect(user.walletTransactions).toEqual([
      {
        type: 'allocate',
        amount: -250.5,
        botId: instanceId,
        botName: 'Alpha',
        description: 'Allocated $250.50 to Alpha',
        balanceAfter: 749.5,
        timestamp: user.paperWallet.lastUpdated,
        opId: `reserve.${reply.body.jobId}`,
        seq: 1,
      },
    ]);
    const { pools, botMapping } = await readPoolState(app);
    expect(pools[`${UID}-pool-1`]).toEqual({ ...emptyPool(), bots: [instanceId] });
    expect(botMapping[instanceId]).toEqual({
      poolId: `${UID}-pool-1`,
      containerName: poolName(UID),
      slotIndex: 0,
      port: 9000,
      status: 'running',
      instanceId,
      userId: UID,
      createdAt: expect.stringMatching(/^20\d\d-.*Z$/),
      dockerHost: 'simulated',
    });
    const { pooled } = await app.world.snapshot();
    expect(pooled).toMatchObject([{ instanceId, conf: 'present', program: 'RUNNING' }]);
    expect(await ownEntries(app)).toMatchObject([
      {
        opId: `reserve.${reply.body.jobId}`,
        type: 'allocate',
        botId: instanceId,
        amount: -250.5,
        amountMinor: -25_050,
        balanceAfter: 749.5,
        seq: 1,
        source: 'reclaim',
        sagaId: reply.body.jobId,
      },
    ]);
    const { balanceMinor, expectedMinor } = await conservation(app);
    expect(balanceMinor).toBe(expectedMinor);
    const job = await app.call(UID, 'GET', `/jobs/${reply.body.jobId}`);
    expect(job.body).toMatchObject({ kind: 'provision-bot', state: 'completed', progress: 100 });
    const { body } = await app.call(UID, 'GET', '/bots');
    expect(body.bots).toMatchObject([
      { instanceId, allocation: { status: 'present' }, docker: { running: true } },
    ]);
  });

  it('no wait asked: 202 with the job, where to poll it and when', async () => {
    const app = await setUpProvisioning({ env: { WORKERS: 'none' } });
    const reply = await provision(app, { wait: 0 });
    const { jobId } = reply.body;
    const statusUrl = `/api/freqtrade/jobs/${jobId}`;
    expect(reply.status).toBe(202);
    expect(reply.body).toMatchObject({ success: true, jobId, state: 'queued', statusUrl });
    expect(reply.headers.get('location')).toBe(statusUrl);
    expect(reply.headers.get('retry-after')).toBe('1');
    const deleted = await app.call(UID, 'DELETE', `/bots/${UID}-bot-1`);
    expect([deleted.status, deleted.body.jobId]).toEqual([409, jobId]);
  });

  it('no pool but an image: a container of its own, with its labels, and no entry in the pool state', async () => {
    const app = await setUpProvisioning({ pools: [], env: { BOT_IMAGE: 'bots/freqtrade:1' } });
    const reply = await provision(app);
    const instanceId = `${UID}-bot-1`;
    expect(reply.body).toMatchObject({ success: true, bot: { instanceId } });
    const { dedicated } = await app.world.snapshot();
    expect(dedicated).toMatchObject([
      {
        containerName: `freqtrade-${instanceId}`,
        labels: { instanceId, userId: UID },
        running: true,
        restartPolicy: 'unless-stopped',
      },
    ]);
    expect((await readPoolState(app)).botMapping).toEqual({});
  });

  it('one pool full, one that does not run, one with room: the bot is in the third', async () => {
    const full = { ...emptyPool({ n: 1, capacity: 1 }), bots: ['somebody'] };
    const app = await setUpProvisioning({
      pools: [full, emptyPool({ n: 2 }), emptyPool({ n: 3 })],
    });
    await app.world.setPool(poolName(UID, 2), { running: false });
    expect((await provision(app)).body.success).toBe(true);
    const { botMapping } = await readPoolState(app);
    expect(botMapping[`${UID}-bot-1`]).toMatchObject({ poolId: `${UID}-pool-3`, port: 9200 });
  });

  it('then deleted: the money is back, the sources forget it, and its number is not given out again', async () => {
    const app = await setUpProvisioning();
    await provision(app);
    const first = `${UID}-bot-1`;
    const deleted = await app.call(UID, 'DELETE', `/bots/${first}`, { prefer: 'wait=20' });
    expect(deleted.body).toMatchObject({
      success: true,
      wallet: { previousBalance: 749.5, newBalance: 1000, returned: 250.5, pnl: 0 },
    });
    const { pools, botMapping } = await readPoolState(app);
    expect([pools[`${UID}-pool-1`]?.bots, botMapping]).toEqual([[], {}]);
    expect((await app.world.snapshot()).pooled).toEqual([]);
    expect(await allOf(app, 'tombstones')).toMatchObject([{ instanceId: first, status: 'ended' }]);
    const { balanceMinor, expectedMinor } = await conservation(app);
    expect([balanceMinor, expectedMinor]).toEqual([100_000, 100_000]);
    const again = await provision(app);
    expect(again.body.bot.instanceId).toBe(`${UID}-bot-2`);
  });
});

describe('numbers', () => {
  it.each([
    ['an allocation', { bots: { [`${UID}-bot-7`]: allocation(1, 1) } }],
    [
      'a transaction',
      { bots: {}, rows: [{ type: 'allocate', amount: -1, botId: `${UID}-bot-7` }] },
    ],
  ])('one that %s knows: the next bot is above it', async (_, user) => {
    const app = await setUpProvisioning();
    await app.db.collection('users').deleteMany({});
    await putUser(app.db, { balance: 1000, firebaseUid: UID, ...user });
    expect((await provision(app)).body.bot.instanceId).toBe(`${UID}-bot-8`);
  });

  it('one that the pool state knows: the next bot is above it, and ids of others do not count', async () => {
    const pool = {
      ...emptyPool({ capacity: 5 }),
      bots: [`${UID}-bot-4`, 'x-bot-90', `${UID}-bot-x`],
    };
    // The ports of those that only the list names are not known: it takes the place in the other pool.
    const app = await setUpProvisioning({ pools: [pool, emptyPool({ n: 2 })] });
    expect((await provision(app)).body.bot.instanceId).toBe(`${UID}-bot-5`);
  });
});

it('a bot whose row the platform has lost keeps its port, and its row comes back', async () => {
  const app = await setUpProvisioning();
  const before = await readPoolState(app);
  const [first, second] = [`${UID}-bot-1`, `${UID}-bot-2`];
  expect((await provision(app)).body.bot.instanceId).toBe(first);
  await writePoolState(app, before);
  expect((await provision(app)).body.bot.instanceId).toBe(second);
  expect((await readPoolState(app)).botMapping).toMatchObject({ [second]: { port: 9001 } });
  await syncWallet(app, UID);
  const { botMapping } = await readPoolState(app);
  expect(botMapping).toMatchObject({ [first]: { port: 9000 }, [second]: { port: 9001 } });
});

describe('a provision that is refused before anything is done', () => {
  it.each([
    ['more than the balance', 1000.01, 1000],
    ['cents more than a balance of cents', 0.31, 0.3],
    ['no wallet at all', 1, null],
    ['a balance that is not money', 1, '1000'],
  ])('%s: 409 insufficient-funds', async (_, allocatedAmount, balance) => {
    const app = await setUpProvisioning({ balance });
    const reply = await provision(app, { body: { botName: 'Alpha', allocatedAmount } });
    expect(problemOf(reply)).toBe('409 insufficient-funds');
    expect(await allOf(app, 'sagas')).toEqual([]);
  });

  it('exactly the balance, in cents that doubles get wrong: accepted, and 0 is left', async () => {
    const app = await setUpProvisioning({ balance: 0.3 });
    const reply = await provision(app, { body: { botName: 'Alpha', allocatedAmount: 0.3 } });
    expect(reply.body.wallet).toEqual({ previousBalance: 0.3, newBalance: 0 });
  });

  it('no pool, none that runs, none with room: 409 no-pool with the reason', async () => {
    const app = await setUpProvisioning({ pools: [emptyPool({ capacity: 1 })] });
    await provision(app);
    const full = await provision(app);
    expect([full.status, full.body.type, full.body.reason]).toEqual([
      409,
      'urn:reclaim:problem:no-pool',
      'full',
    ]);
    await app.world.setPool(poolName(UID), { running: false });
    expect((await provision(app)).body.reason).toBe('not-running');
    await writePoolState(app, { ...(await readPoolState(app)), pools: {}, botMapping: {} });
    expect((await provision(app)).body.reason).toBe('none');
    expect(await allOf(app, 'sagas')).toHaveLength(1);
  });

  it('the only slot is that of a bot which was deleted and is not gone: 409, full, until it is', async () => {
    const env = { STOP_TIMEOUT_MS: '2500' };
    const app = await setUpProvisioning({ pools: [emptyPool({ capacity: 1 })], env });
    const instanceId = `${UID}-bot-1`;
    expect((await provision(app)).body).toMatchObject({ bot: { instanceId } });
    await app.world.injectFaults({ instanceId }, { refuseStop: true });
    const deleted = await app.call(UID, 'DELETE', `/bots/${instanceId}`, { prefer: 'wait=20' });
    expect(deleted.body).toMatchObject({ warningCodes: ['stop-failed', expect.any(String)] });
    expect((await readPoolState(app)).botMapping).toEqual({});
    expect((await provision(app)).body.reason).toBe('full');
    await app.world.injectFaults({ instanceId }, null);
    const again = await waitFor('the slot to be free', async () => {
      const reply = await provision(app);
      return reply.status === 200 && reply.body;
    });
    expect(again.bot.instanceId).toBe(`${UID}-bot-2`);
  });

  it.each(['uid.dotted', 'uid@example'])(
    'a user id %s: 422, for no new id can hold it',
    async (uid) => {
      const app = await setUpProvisioning();
      await putUser(app.db, { balance: 1000, bots: {}, firebaseUid: uid });
      const reply = await provision(app, { uid });
      expect(problemOf(reply)).toBe('422 unusable-user-id');
    },
  );

  it('the pool state cannot be read, or the host of the pools does not answer: 503, never no-pool', async () => {
    const app = await setUpProvisioning();
    await app.world.injectFaults({ host: 'simulated' }, { unreachable: true });
    const away = await provision(app);
    expect(problemOf(away)).toBe('503 sources-unknown');
    await app.world.injectFaults({ host: 'simulated' }, null);
    await spoilPoolState(app, 'torn');
    expect((await provision(app)).status).toBe(503);
  });
});

describe('an Idempotency-Key', () => {
  it('sent again with the same body, also after the end: the same job, one bot', async () => {
    const app = await setUpProvisioning();
    const first = await provision(app, { key: 'k 1', wait: 0 });
    const during = await provision(app, { key: 'k 1', body: { ...BODY, botName: ' Alpha ' } });
    const after = await provision(app, { key: 'k 1' });
    expect(new Set([first, during, after].map(({ body }) => body.jobId)).size).toBe(1);
    expect(after.body).toMatchObject({ success: true, bot: { instanceId: `${UID}-bot-1` } });
    expect(await ownEntries(app)).toHaveLength(1);
  });

  it('sent with another body: 422; by another user, or another key: another bot', async () => {
    const app = await setUpProvisioning();
    await provision(app, { key: 'k' });
    const other = await provision(app, { key: 'k', body: { ...BODY, allocatedAmount: 1 } });
    expect(problemOf(other)).toBe('422 idempotency-key-reused');
    expect((await provision(app, { key: 'k2' })).body.bot.instanceId).toBe(`${UID}-bot-2`);
  });

  it('sent 20 times at once, for all the money there is: one job, one bot, nobody is refused', async () => {
    const app = await setUpProvisioning({ balance: 250.5 });
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        provision(app, { key: 'k', wait: n % 2 === 0 ? 0 : 20 }),
      ),
    );
    expect(new Set(replies.map(({ body }) => body.jobId)).size).toBe(1);
    expect(await allOf(app, 'sagas')).toHaveLength(1);
    expect((await userNamed(app, UID)).paperWallet.balance).toBe(0);
  });

  it('bound when the process died before there was a saga: the repeat begins that saga', async () => {
    const app = await setUpProvisioning();
    const sagas = app.db.collection('sagas');
    const first = await provision(app, { key: 'k' });
    // As if the saga had never been inserted: the key alone is left, and nothing else was done yet.
    await sagas.updateMany({}, { $unset: { 'input.requestName': '' } });
    await app.db.collection('requestKeys').updateMany({}, [
      {
        $set: {
          sagaId: { $replaceOne: { input: '$sagaId', find: 'prov-0', replacement: 'prov-1' } },
        },
      },
    ]);
    const [key] = await allOf(app, 'requestKeys');
    const replies = await Promise.all([provision(app, { key: 'k' }), provision(app, { key: 'k' })]);
    expect(replies.map(({ body }) => body.jobId)).toEqual([key?.sagaId, key?.sagaId]);
    expect(first.body.jobId).not.toBe(key?.sagaId);
    expect(await sagas.countDocuments()).toBe(2);
  });
});

const HOUR_MS = 3_600_000;

describe('an Idempotency-Key and its saga, of which one is forgotten first', () => {
  it('the saga: refused for as long as the key is kept, and no second bot', async () => {
    const app = await setUpProvisioning({ env: { SAGA_RETENTION_DAYS: '1' } });
    await provision(app, { key: 'k' });
    const [ended] = await allOf(app, 'sagas');
    const lastsMs = Number(ended?.expireAt) - Number(ended?.createdAt);
    expect(lastsMs).toBeGreaterThanOrEqual(24 * HOUR_MS);
    await app.db.collection('sagas').deleteMany({});
    await app.db
      .collection('requestKeys')
      .updateMany({}, [{ $set: { createdAt: { $subtract: ['$createdAt', 24 * HOUR_MS] } } }]);
    for (let n = 0; n < 2; n += 1) {
      const again = await provision(app, { key: 'k' });
      expect(problemOf(again)).toBe('422 idempotency-key-expired');
    }
    expect(await allOf(app, 'sagas')).toEqual([]);
    expect((await userNamed(app, UID)).paperWallet.balance).toBe(749.5);
  });

  it('the key: the same job for as long as it is kept, and another body is refused', async () => {
    const app = await setUpProvisioning();
    const first = await provision(app, { key: 'k' });
    await app.db.collection('requestKeys').deleteMany({});
    const again = await provision(app, { key: 'k' });
    expect(again.body).toMatchObject({ success: true, bot: first.body.bot });
    const other = await provision(app, { key: 'k', body: { ...BODY, allocatedAmount: 1 } });
    expect(problemOf(other)).toBe('422 idempotency-key-reused');
    expect(await allOf(app, 'sagas')).toHaveLength(1);
  });
});

describe('20 at once without a key', () => {
  const twenty = (app: TestApplication, allocatedAmount: number) =>
    Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        provision(app, { body: { botName: `Bot ${n}`, allocatedAmount }, wait: 60 }),
      ),
    );

  it('money and room for all: 20 bots, ids and ports all different, the balance exact', async () => {
    const pools = [emptyPool({ n: 1, capacity: 12 }), emptyPool({ n: 2, capacity: 12 })];
    const app = await setUpProvisioning({ balance: 1000.1, pools });
    const replies = await twenty(app, 10.01);
    expect(replies.filter(({ body }) => body.success)).toHaveLength(20);
    const ids = replies.map(({ body }) => body.bot.instanceId).sort();
    expect(new Set(ids).size).toBe(20);
    const { botMapping, pools: after } = await readPoolState(app);
    expect(Object.keys(botMapping).sort()).toEqual(ids);
    const places = Object.values(botMapping).map(({ poolId, port }) => `${poolId}:${port}`);
    expect(new Set(places).size).toBe(20);
    expect(Object.values(after).flatMap(({ bots }) => bots)).toHaveLength(20);
    const user = await userNamed(app, UID);
    expect(user.paperWallet.balance).toBe(799.9);
    expect(Object.keys(user.botAllocations).sort()).toEqual(ids);
    expect(await conservation(app)).toEqual({ balanceMinor: 79_990, expectedMinor: 79_990 });
  });

  it('money for seven: seven bots, the others refused or undone, and nothing is overdrawn', async () => {
    const pools = [emptyPool({ capacity: 30 })];
    const app = await setUpProvisioning({ balance: 75, pools });
    const replies = await twenty(app, 10.01);
    expect(replies.filter(({ body }) => body.success)).toHaveLength(7);
    const refused = replies.filter(({ body }) => !body.success);
    for (const { status, body } of refused) {
      if (status === 409) expect(body.type).toBe('urn:reclaim:problem:insufficient-funds');
      else expect(body.message).toContain('INSUFFICIENT_FUNDS');
    }
    expect((await userNamed(app, UID)).paperWallet.balance).toBe(4.93);
    expect(await conservation(app)).toEqual({ balanceMinor: 493, expectedMinor: 493 });
    expect(Object.keys((await readPoolState(app)).botMapping)).toHaveLength(7);
  });

  it('room for three: three bots, and the money of the others is back', async () => {
    const app = await setUpProvisioning({ pools: [emptyPool({ capacity: 3 })] });
    const replies = await twenty(app, 10.01);
    expect(replies.filter(({ body }) => body.success)).toHaveLength(3);
    for (const { status, body } of replies.filter((reply) => !reply.body.success)) {
      if (status === 409) expect(body).toMatchObject({ type: 'urn:reclaim:problem:no-pool' });
      else expect(body).toMatchObject({ state: 'compensated', wallet: null });
    }
    expect((await userNamed(app, UID)).paperWallet.balance).toBe(969.97);
    expect(await conservation(app)).toEqual({ balanceMinor: 96_997, expectedMinor: 96_997 });
  });
});
