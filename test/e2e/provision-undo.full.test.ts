// Provisions that do not come to their end: whatever fails, and wherever, the money is back to the cent, the
// ledger adds up, and nothing of the bot is left (I1, I2, I11).

import { describe, expect, it } from 'vitest';
import { toUserId } from '../../src/domain/ids.ts';
import type { TestApplication } from '../support/application.ts';
import {
  allOf,
  jobAt,
  jobIn,
  ownEntries,
  readPoolState,
  userNamed,
  writePoolState,
} from '../support/deletions.ts';
import {
  conservation,
  emptyPool,
  poolName,
  provision,
  type SetUp,
  setUpProvisioning,
  UID,
} from '../support/provisions.ts';
import { byId, platformSets, users } from '../support/users.ts';
import { waitFor } from '../support/wait-for.ts';

const BOT = `${UID}-bot-1`;
const SHORT = { env: { STOP_TIMEOUT_MS: '500' } };

/** Everything as before, but for the two rows that say what happened. */
async function expectUndone(app: TestApplication, jobId: string, balance = 1000): Promise<void> {
  const user = await userNamed(app, UID);
  expect(user.paperWallet.balance).toBe(balance);
  expect(user.botAllocations).toEqual({});
  expect(user.walletTransactions).toMatchObject([
    { type: 'allocate', amount: -250.5, seq: 1 },
    {
      type: 'deallocate',
      amount: 250.5,
      seq: 2,
      balanceAfter: balance,
      description: 'Returned $250.50 from bot that was not started (P&L: +$0.00)',
    },
  ]);
  const entries = await ownEntries(app);
  expect(entries.map(({ type, sagaId }) => [type, sagaId])).toEqual([
    ['allocate', jobId],
    ['deallocate', jobId],
  ]);
  const { balanceMinor, expectedMinor } = await conservation(app);
  expect(balanceMinor).toBe(expectedMinor);
}

async function expectGone(app: TestApplication): Promise<void> {
  const { pools, botMapping } = await readPoolState(app);
  expect([Object.values(pools).flatMap(({ bots }) => bots), botMapping]).toEqual([[], {}]);
  const { pooled, dedicated } = await app.world.snapshot();
  expect([pooled, dedicated]).toEqual([[], []]);
}

describe('the bot does not start', () => {
  it('in a pool: compensated with the cause, everything as before, a tombstone that has ended', async () => {
    const app = await setUpProvisioning();
    await app.world.injectFaults({ pool: poolName(UID) }, { refuseStart: true });
    const { status, body } = await provision(app);
    expect(status).toBe(200);
    expect(body).toEqual({
      success: false,
      state: 'compensated',
      jobId: body.jobId,
      message: expect.stringMatching(
        /not started: The bot did not start\. \(PROGRAM_DID_NOT_START/,
      ),
      wallet: null,
    });
    await expectUndone(app, body.jobId);
    await expectGone(app);
    expect(await allOf(app, 'tombstones')).toMatchObject([{ instanceId: BOT, status: 'ended' }]);
    const job = await app.call(UID, 'GET', `/jobs/${body.jobId}`);
    expect(job.body.steps.map((step: { status: string }) => step.status)).toEqual([
      'compensated',
      'compensated',
      'compensated',
      'pending',
      'pending',
    ]);
    expect((await app.call(UID, 'DELETE', `/bots/${BOT}`)).status).toBe(404);
  });

  it('once: started by the next attempt, and nothing is undone', async () => {
    const app = await setUpProvisioning();
    await app.world.injectFaults({ pool: poolName(UID) }, { refuseStart: 1 });
    expect((await provision(app)).body.success).toBe(true);
  });

  it('the answer to the start is lost: the bot is seen running, and not started again', async () => {
    const app = await setUpProvisioning();
    await app.world.injectFaults({ pool: poolName(UID) }, { loseReply: 1 });
    const { body } = await provision(app);
    expect(body.success).toBe(true);
    const saga = await app.services.sagas.find(body.jobId);
    const observed = saga?.history.filter(({ type }) => type === 'observed');
    expect(observed).toMatchObject([{ step: 'start-bot', detail: 'landed' }]);
  });
});

describe('a host that goes away', () => {
  it('before the start, and stays away: the money is back in time; the tombstone holds the slot until it is back', async () => {
    const app = await setUpProvisioning({ ...SHORT, pools: [emptyPool({ capacity: 1 })] });
    await app.world.injectFaults({ pool: poolName(UID) }, { unreachableAtStart: true });
    const reply = provision(app);
    const { id } = await waitFor('the slot to be given', async () => {
      const [saga] = await allOf(app, 'sagas');
      return saga?.state.steps[saga.state.cursor]?.name === 'start-bot' && { id: saga._id };
    });
    await app.world.injectFaults({ pool: poolName(UID) }, { unreachable: true });
    const { body } = await reply;
    expect(body).toMatchObject({ jobId: id, success: false, state: 'compensated' });
    expect(body.message).toContain('START_TIMED_OUT');
    await expectUndone(app, body.jobId);
    expect(await allOf(app, 'tombstones')).toMatchObject([{ instanceId: BOT, status: 'settled' }]);
    expect((await provision(app)).body.reason).toBe('full');
    await app.world.injectFaults({ pool: poolName(UID) }, null);
    await app.services.deletionPorts.tombstones.makeDue();
    await waitFor('the tombstone to end', async () => {
      const [tombstone] = await allOf(app, 'tombstones');
      return tombstone?.status === 'ended';
    });
    // Places are given out by what a majority has, which is a moment behind what was read here.
    const { bot } = await waitFor('the slot to be free', async () => {
      const { status, body } = await provision(app);
      return status === 200 && body;
    });
    expect(bot).toMatchObject({ instanceId: `${UID}-bot-2` });
  });
});

describe('somebody else is in the way', () => {
  it.each<[string, SetUp]>([
    ['a pool', {}],
    ['a container of its own', { pools: [], env: { BOT_IMAGE: 'bots/freqtrade:1' } }],
  ])(
    'a bot for %s, whose id a container has already: undone, and that one is not touched',
    async (_, options) => {
      const app = await setUpProvisioning(options);
      await app.world.addDedicated({ instanceId: BOT, labels: { instanceId: BOT, userId: UID } });
      const before = (await app.world.snapshot()).dedicated;
      const { body } = await provision(app);
      expect(body.message).toContain('ID_IN_USE');
      await expectUndone(app, body.jobId);
      expect((await app.world.snapshot()).dedicated).toEqual(before);
      expect(await allOf(app, 'tombstones')).toEqual([]);
      expect((await readPoolState(app)).botMapping).toEqual({});
      expect((await provision(app)).body.bot.instanceId).toBe(`${UID}-bot-2`);
    },
  );

  it('the platform wrote the entry away while the bot started: it is put in again, running', async () => {
    const app = await setUpProvisioning();
    await app.world.injectFaults({ pool: poolName(UID) }, { unreachableAtStart: true });
    const { body } = await provision(app, { wait: 0 });
    await jobAt(app, UID, body.jobId, 'start-bot');
    const { pools, botMapping, ...rest } = await readPoolState(app);
    expect(botMapping[BOT]).toMatchObject({ status: 'pending', port: 9000 });
    await writePoolState(app, {
      ...rest,
      pools: { [`${UID}-pool-1`]: emptyPool() },
      botMapping: {},
    });
    await app.world.injectFaults({ pool: poolName(UID) }, null);
    await jobIn(app, UID, body.jobId, 'completed');
    const after = await readPoolState(app);
    expect(after.botMapping[BOT]).toEqual({ ...botMapping[BOT], status: 'running' });
    expect(after.pools).toEqual(pools);
  });

  it('the platform gave the port away meanwhile: undone at the pivot, the other bot untouched', async () => {
    const app = await setUpProvisioning();
    await app.world.injectFaults({ pool: poolName(UID) }, { unreachableAtStart: true });
    const { body } = await provision(app, { wait: 0 });
    await jobAt(app, UID, body.jobId, 'start-bot');
    const { pools: _, botMapping, ...rest } = await readPoolState(app);
    const rival = { ...botMapping[BOT], instanceId: 'rival', status: 'running' } as never;
    const pools = { [`${UID}-pool-1`]: { ...emptyPool(), bots: ['rival'] } };
    await writePoolState(app, { ...rest, pools, botMapping: { rival } });
    await app.world.injectFaults({ pool: poolName(UID) }, null);
    const job = await jobIn(app, UID, body.jobId, 'compensated');
    expect(job.error).toMatchObject({ code: 'SLOT_LOST', step: 'activate' });
    await expectUndone(app, body.jobId);
    const after = await readPoolState(app);
    expect([after.pools, after.botMapping]).toEqual([pools, { rival }]);
    expect((await app.world.snapshot()).pooled).toEqual([]);
  });

  it('the money is paid out by the platform: stuck with its step, and a person decides', async () => {
    const app = await setUpProvisioning();
    await app.world.injectFaults({ pool: poolName(UID) }, { unreachableAtStart: true });
    const { body } = await provision(app, { wait: 0 });
    await jobAt(app, UID, body.jobId, 'start-bot');
    const user = await userNamed(app, UID);
    await users(app.db).updateOne(byId(toUserId(String(user._id))), {
      $set: { 'paperWallet.balance': 1000, botAllocations: {}, walletTransactions: [] },
    });
    await app.world.injectFaults({ pool: poolName(UID) }, null);
    const job = await jobIn(app, UID, body.jobId, 'stuck');
    expect(job.error).toMatchObject({ code: 'ALLOCATION_VANISHED', step: 'reserve-funds' });
    expect((await userNamed(app, UID)).paperWallet.balance).toBe(1000);
    expect((await app.world.snapshot()).pooled).toEqual([]);
  });

  it('the value changes while the bot starts: what it is worth goes back, and the ledger adds up', async () => {
    const app = await setUpProvisioning({ balance: 300 });
    await app.world.injectFaults({ pool: poolName(UID) }, { unreachableAtStart: true });
    const { body } = await provision(app, { wait: 0 });
    await jobAt(app, UID, body.jobId, 'start-bot');
    const { _id } = await userNamed(app, UID);
    const userId = toUserId(String(_id));
    await platformSets(app.db, userId, { [`botAllocations.${BOT}.currentValue`]: 260 });
    await app.call(UID, 'POST', `/jobs/${body.jobId}/cancel`);
    await jobIn(app, UID, body.jobId, 'compensated');
    expect((await userNamed(app, UID)).paperWallet.balance).toBe(309.5);
    expect(await conservation(app)).toEqual({ balanceMinor: 30_950, expectedMinor: 30_950 });
  });
});
