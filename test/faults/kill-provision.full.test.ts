// Workers killed with SIGKILL in the middle of every step of a provision, forwards and backwards, in real
// processes: whoever comes next finishes, the money moves once, and there is one bot or none (I1, I2, I5, I10).

import { describe, expect, it } from 'vitest';
import { type SagaId, toSagaId } from '../../packages/saga/src/saga-id.ts';
import type { TestApplication } from '../support/application.ts';
import { allOf, ownEntries, readPoolState, userNamed } from '../support/deletions.ts';
import {
  command,
  createDoomedWorker,
  type DoomedWorker,
  holdCommand,
  holdPoolState,
  type Obstruct,
} from '../support/doomed-worker.ts';
import {
  conservation,
  poolName,
  provision,
  setUpProvisioning,
  UID,
} from '../support/provisions.ts';

const BOT = `${UID}-bot-1`;

async function setUp(): Promise<DoomedWorker> {
  return createDoomedWorker(await setUpProvisioning({ env: { WORKERS: 'none' } }));
}

async function request({ app }: DoomedWorker): Promise<SagaId> {
  const reply = await provision(app, { wait: 0 });
  expect(reply.status).toBe(202);
  return toSagaId(reply.body.jobId);
}

async function expectProvisioned(app: TestApplication, id: SagaId): Promise<void> {
  const user = await userNamed(app, UID);
  expect(user.paperWallet.balance).toBe(749.5);
  expect(Object.keys(user.botAllocations)).toEqual([BOT]);
  expect(user.walletTransactions).toMatchObject([{ type: 'allocate', opId: `reserve.${id}` }]);
  expect(await ownEntries(app)).toMatchObject([{ sagaId: id, type: 'allocate' }]);
  const { pools, botMapping } = await readPoolState(app);
  expect(botMapping).toMatchObject({ [BOT]: { status: 'running', port: 9000 } });
  expect(pools[`${UID}-pool-1`]?.bots).toEqual([BOT]);
  const { pooled } = await app.world.snapshot();
  expect(pooled).toMatchObject([{ instanceId: BOT, conf: 'present', program: 'RUNNING' }]);
  expect(await allOf(app, 'tombstones')).toEqual([]);
}

async function expectUndone(app: TestApplication): Promise<void> {
  const user = await userNamed(app, UID);
  expect(user.paperWallet.balance).toBe(1000);
  expect(user.botAllocations).toEqual({});
  expect(user.walletTransactions).toMatchObject([{ type: 'allocate' }, { type: 'deallocate' }]);
  const { balanceMinor, expectedMinor } = await conservation(app);
  expect([balanceMinor, expectedMinor]).toEqual([100_000, 100_000]);
  expect(await ownEntries(app)).toHaveLength(2);
  expect((await readPoolState(app)).botMapping).toEqual({});
  expect((await app.world.snapshot()).pooled).toEqual([]);
  expect(await allOf(app, 'tombstones')).toMatchObject([{ instanceId: BOT, status: 'ended' }]);
}

describe('the worker is killed in the middle of a step', () => {
  it.each<[string, Obstruct]>([
    ['reserve-funds', holdCommand('reclaimReservation')],
    ['assign-slot', holdPoolState],
    ['start-bot', holdCommand(command('update', 'simulatedBots'))],
    ['write-transaction', holdCommand(command('update', 'ledger'))],
  ])(
    '%s: the next worker finishes, one reservation, one bot, one ledger entry',
    async (step, obstruct) => {
      const doomed = await setUp();
      const obstacle = await obstruct(doomed);
      const worker = await doomed.start();
      const id = await request(doomed);
      await Promise.all([obstacle.reached(), doomed.at(id, step, 'running')]);
      await worker.kill();
      await obstacle.lift();
      const saga = await doomed.finishedByNext(id);
      expect(saga.state).toMatchObject({ phase: 'completed', warnings: [] });
      expect(saga.epoch).toBeGreaterThan(1);
      await expectProvisioned(doomed.app, id);
    },
  );

  it('activate, at the lock of the pool state: the next worker makes the bot official', async () => {
    const doomed = await setUp();
    await doomed.app.world.injectFaults({ pool: poolName(UID) }, { unreachableAtStart: true });
    const worker = await doomed.start();
    const id = await request(doomed);
    await doomed.at(id, 'assign-slot', 'done');
    const obstacle = await holdPoolState(doomed);
    await doomed.app.world.injectFaults({ pool: poolName(UID) }, null);
    await Promise.all([doomed.at(id, 'activate', 'running'), obstacle.reached()]);
    await worker.kill();
    await obstacle.lift();
    expect((await doomed.finishedByNext(id)).state.phase).toBe('completed');
    await expectProvisioned(doomed.app, id);
  });

  it('reserve-funds, after the money was taken and before the log knew: not taken again', async () => {
    const doomed = await setUp();
    const taken = doomed.wire.cutAfter('reclaimReservation');
    const worker = await doomed.start();
    const id = await request(doomed);
    await Promise.all([taken, doomed.at(id, 'reserve-funds', 'running')]);
    await worker.kill();
    expect((await userNamed(doomed.app, UID)).paperWallet.balance).toBe(749.5);
    expect((await doomed.finishedByNext(id)).state.phase).toBe('completed');
    await expectProvisioned(doomed.app, id);
  });
});

describe('the worker is killed in the middle of going back', () => {
  it.each<[string, string, Obstruct]>([
    ['before its tombstone', 'start-bot', holdCommand(command('update', 'tombstones'))],
    ['before the program is removed', 'start-bot', holdCommand(command('delete', 'simulatedBots'))],
    ['before the slot is free', 'assign-slot', holdPoolState],
    ['before the money is back', 'reserve-funds', holdCommand('reclaimSettlement')],
    ['before the ledger knows', 'reserve-funds', holdCommand(command('update', 'ledger'))],
  ])(
    '%s: the next worker undoes the rest, and the money comes back once',
    async (_, step, obstruct) => {
      const doomed = await setUp();
      const { world } = doomed.app;
      const pool = { pool: poolName(UID) };
      const isLock = obstruct === holdPoolState;
      // Held at its start until the lock is taken, which takes a process: the way back must not be over by then.
      await world.injectFaults(pool, isLock ? { unreachableAtStart: true } : { refuseStart: true });
      const early = isLock ? undefined : await obstruct(doomed);
      const worker = await doomed.start();
      const id = await request(doomed);
      if (isLock) await doomed.at(id, 'assign-slot', 'done');
      const obstacle = early ?? (await obstruct(doomed));
      if (isLock) await world.injectFaults(pool, { refuseStart: true });
      await Promise.all([obstacle.reached(), doomed.at(id, step, 'compensating')]);
      await worker.kill();
      await obstacle.lift();
      const saga = await doomed.finishedByNext(id);
      expect(saga.state).toMatchObject({
        phase: 'compensated',
        cause: { code: 'PROGRAM_DID_NOT_START' },
      });
      expect(saga.epoch).toBeGreaterThan(1);
      await expectUndone(doomed.app);
    },
  );

  it('after the money came back and before the log knew: it does not come back twice', async () => {
    const doomed = await setUp();
    await doomed.app.world.injectFaults({ pool: poolName(UID) }, { refuseStart: true });
    const paid = doomed.wire.cutAfter('reclaimSettlement');
    const worker = await doomed.start();
    const id = await request(doomed);
    await Promise.all([paid, doomed.at(id, 'reserve-funds', 'compensating')]);
    await worker.kill();
    expect((await userNamed(doomed.app, UID)).paperWallet.balance).toBe(1000);
    expect((await doomed.finishedByNext(id)).state.phase).toBe('compensated');
    await expectUndone(doomed.app);
  });
});
