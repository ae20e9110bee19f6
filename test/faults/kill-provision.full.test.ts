// Workers killed with SIGKILL in the middle of every step of a provision, forwards and backwards, in real
// processes: whoever comes next finishes, the money moves once, and there is one bot or none (I1, I2, I5, I10).

import { lstatSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { SagaRecord } from '../../packages/saga/src/log/record.ts';
import { type SagaId, toSagaId } from '../../packages/saga/src/saga-id.ts';
import { holderPathOf } from '../../src/infra/kernel-lock.ts';
import { startWorkers } from '../../src/main/compose/workers.ts';
import type { TestApplication } from '../support/application.ts';
import { allOf, isInMongodb, ownEntries, readPoolState, userNamed } from '../support/deletions.ts';
import {
  conservation,
  poolName,
  provision,
  setUpProvisioning,
  UID,
} from '../support/provisions.ts';
import { createTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { waitFor } from '../support/wait-for.ts';
import { holdPoolStateLock, startWorkerProcess } from '../support/worker-process.ts';

const BOT = `${UID}-bot-1`;

interface ExecutionContext {
  readonly app: TestApplication;
  /** The wire between the worker that is to die and MongoDB. */
  readonly wire: TcpProxy;
}

/** The API alone: no worker runs until a test starts one. */
async function setUp(): Promise<ExecutionContext> {
  const app = await setUpProvisioning({ env: { WORKERS: 'none' } });
  const { hostname, port } = new URL(app.env.MONGODB_URI ?? '');
  return { app, wire: await createTcpProxy({ host: hostname, port: Number(port) }) };
}

/** A worker process that reaches MongoDB over the wire alone. */
function startDoomedWorker({ app, wire }: ExecutionContext) {
  const uri = new URL(app.env.MONGODB_URI ?? '');
  uri.host = `127.0.0.1:${wire.port}`;
  return startWorkerProcess({ ...app.env, MONGODB_URI: uri.href });
}

function startSuccessor({ app }: ExecutionContext): void {
  const workers = startWorkers(app.services, ['deletion', 'relay']);
  onTestFinished(() => workers.stop());
}

async function request({ app }: ExecutionContext): Promise<SagaId> {
  const reply = await provision(app, { wait: 0 });
  expect(reply.status).toBe(202);
  return toSagaId(reply.body.jobId);
}

function waitForStep({ app }: ExecutionContext, id: SagaId, step: string, status: string) {
  return waitFor(`${step} to be ${status}`, async () => {
    const saga = await app.services.engine.log.find(id);
    return saga?.state.steps.some((one) => one.name === step && one.status === status);
  });
}

function waitForEnd({ app }: ExecutionContext, id: SagaId): Promise<SagaRecord> {
  return waitFor('the saga to end', async () => {
    const saga = await app.services.engine.log.find(id);
    return saga !== null && !saga.open && saga;
  });
}

/** What a command of the driver begins with on the wire. */
function command(verb: 'update' | 'delete', collection: string): string {
  return `\x02${verb}\0${String.fromCharCode(collection.length + 1)}\0\0\0${collection}\0`;
}

/** An obstacle in the middle of a step's effect: `reached` when the worker stands before it. */
interface Obstacle {
  reached(): Promise<unknown>;
  lift(): Promise<void>;
}

type Obstruct = (context: ExecutionContext) => Promise<Obstacle>;

const holdCommand =
  (...texts: readonly string[]): Obstruct =>
  async ({ wire }) => {
    const held = wire.holdBefore(...texts);
    return { reached: () => held, lift: async () => undefined };
  };

/** The lock of the file, or the one write that carries a change to MongoDB. */
const holdPoolState: Obstruct = async (context) => {
  const { app } = context;
  if (isInMongodb(app)) return holdCommand(command('update', 'poolState'))(context);
  const holder = await holdPoolStateLock(app.poolStateFile);
  // A link to nothing: `existsSync` would follow it.
  const turn = holderPathOf(`${app.poolStateFile}.lock.turn`);
  const isTurnTaken = () => lstatSync(turn, { throwIfNoEntry: false }) !== undefined;
  return {
    // The worker that waits for the lock has taken its turn.
    reached: () => waitFor('a worker to wait for the lock', isTurnTaken),
    lift: () => holder.letGo(),
  };
};

async function expectProvisioned(context: ExecutionContext, id: SagaId): Promise<void> {
  const { app } = context;
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

async function expectUndone(context: ExecutionContext): Promise<void> {
  const { app } = context;
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
      const context = await setUp();
      const obstacle = await obstruct(context);
      const doomed = await startDoomedWorker(context);
      const id = await request(context);
      await Promise.all([obstacle.reached(), waitForStep(context, id, step, 'running')]);
      await doomed.kill();
      await obstacle.lift();
      startSuccessor(context);
      const saga = await waitForEnd(context, id);
      expect(saga.state).toMatchObject({ phase: 'completed', warnings: [] });
      expect(saga.epoch).toBeGreaterThan(1);
      await expectProvisioned(context, id);
    },
  );

  it('activate, at the lock of the pool state: the next worker makes the bot official', async () => {
    const context = await setUp();
    await context.app.world.injectFaults({ pool: poolName(UID) }, { unreachableAtStart: true });
    const doomed = await startDoomedWorker(context);
    const id = await request(context);
    await waitForStep(context, id, 'assign-slot', 'done');
    const obstacle = await holdPoolState(context);
    await context.app.world.injectFaults({ pool: poolName(UID) }, null);
    await Promise.all([waitForStep(context, id, 'activate', 'running'), obstacle.reached()]);
    await doomed.kill();
    await obstacle.lift();
    startSuccessor(context);
    expect((await waitForEnd(context, id)).state.phase).toBe('completed');
    await expectProvisioned(context, id);
  });

  it('reserve-funds, after the money was taken and before the log knew: not taken again', async () => {
    const context = await setUp();
    const taken = context.wire.cutAfter('reclaimReservation');
    const doomed = await startDoomedWorker(context);
    const id = await request(context);
    await Promise.all([taken, waitForStep(context, id, 'reserve-funds', 'running')]);
    await doomed.kill();
    expect((await userNamed(context.app, UID)).paperWallet.balance).toBe(749.5);
    startSuccessor(context);
    expect((await waitForEnd(context, id)).state.phase).toBe('completed');
    await expectProvisioned(context, id);
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
      const context = await setUp();
      const { world } = context.app;
      const pool = { pool: poolName(UID) };
      const isLock = obstruct === holdPoolState;
      // Held at its start until the lock is taken, which takes a process: the way back must not be over by then.
      await world.injectFaults(pool, isLock ? { unreachableAtStart: true } : { refuseStart: true });
      const early = isLock ? undefined : await obstruct(context);
      const doomed = await startDoomedWorker(context);
      const id = await request(context);
      if (isLock) await waitForStep(context, id, 'assign-slot', 'done');
      const obstacle = early ?? (await obstruct(context));
      if (isLock) await world.injectFaults(pool, { refuseStart: true });
      await Promise.all([obstacle.reached(), waitForStep(context, id, step, 'compensating')]);
      await doomed.kill();
      await obstacle.lift();
      startSuccessor(context);
      const saga = await waitForEnd(context, id);
      expect(saga.state).toMatchObject({
        phase: 'compensated',
        cause: { code: 'PROGRAM_DID_NOT_START' },
      });
      expect(saga.epoch).toBeGreaterThan(1);
      await expectUndone(context);
    },
  );

  it('after the money came back and before the log knew: it does not come back twice', async () => {
    const context = await setUp();
    await context.app.world.injectFaults({ pool: poolName(UID) }, { refuseStart: true });
    const paid = context.wire.cutAfter('reclaimSettlement');
    const doomed = await startDoomedWorker(context);
    const id = await request(context);
    await Promise.all([paid, waitForStep(context, id, 'reserve-funds', 'compensating')]);
    await doomed.kill();
    expect((await userNamed(context.app, UID)).paperWallet.balance).toBe(1000);
    startSuccessor(context);
    expect((await waitForEnd(context, id)).state.phase).toBe('compensated');
    await expectUndone(context);
  });
});
