// Workers killed with SIGKILL in the middle of every step of a deletion, in real processes: whoever comes
// next finishes, and the money moves once (I1, I2, I5, I10).

import { lstatSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { SagaRecord } from '../../packages/saga/src/log/record.ts';
import { type SagaId, toSagaId } from '../../packages/saga/src/saga-id.ts';
import { holderPathOf } from '../../src/infra/kernel-lock.ts';
import { startWorkers } from '../../src/main/compose/workers.ts';
import { parseUserDump, seedUsers } from '../../src/wallet/mongodb/seed-users.ts';
import { startTestApplication, type TestApplication } from '../support/application.ts';
import { isInMongodb, readPoolState, standingTombstones } from '../support/deletions.ts';
import { createTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { waitFor } from '../support/wait-for.ts';
import { holdPoolStateLock, startWorkerProcess } from '../support/worker-process.ts';

const UID = 'uid-live';
const BOT = 'uid-live-bot-1';
const BALANCE = 500.25;
const VALUE = 262.5;

async function fixture(name: string): Promise<string> {
  return readFile(new URL(`../../fixtures/${name}`, import.meta.url), 'utf8');
}

interface ExecutionContext {
  readonly app: TestApplication;
  /** The wire between the worker that is to die and MongoDB. */
  readonly wire: TcpProxy;
}

/** The API alone: no worker runs until a test starts one. */
async function setUp(env: Readonly<Record<string, string>> = {}): Promise<ExecutionContext> {
  const app = await startTestApplication({
    env: { WORKERS: 'none', ...env },
    poolState: JSON.parse(await fixture('pool-state.json')),
  });
  await seedUsers(app.connection, parseUserDump(await fixture('users.json')));
  await app.world.seed(JSON.parse(await fixture('existing.json')));
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
  const workers = startWorkers(app.services, ['deletion', 'sync', 'relay']);
  onTestFinished(() => workers.stop());
}

async function requestDeletion({ app }: ExecutionContext): Promise<SagaId> {
  const reply = await app.call(UID, 'DELETE', `/bots/${BOT}`);
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

/** What puts a conf file back; the stop before it sends `aside`. */
const CONF_PUT_BACK = '\x02conf\0\x08\0\0\0present\0';

/** An obstacle in the middle of a step's effect: `reached` when the worker stands before it. */
interface Obstacle {
  readonly reached: Promise<unknown>;
  lift(): Promise<void>;
}

type Obstruct = (context: ExecutionContext) => Promise<Obstacle>;

const holdCommand =
  (...texts: readonly string[]): Obstruct =>
  async ({ wire }) => ({ reached: wire.holdBefore(...texts), lift: async () => undefined });

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
    get reached() {
      return waitFor('a worker to wait for the lock', isTurnTaken);
    },
    lift: () => holder.letGo(),
  };
};

async function userOf({ app }: ExecutionContext) {
  const user = await app.connection.collection('users').findOne({ firebaseUid: UID });
  if (user === null) throw new Error('the user is gone');
  return user;
}

async function expectDeleted(context: ExecutionContext, id: SagaId): Promise<void> {
  const { app } = context;
  const user = await userOf(context);
  expect(user.paperWallet.balance).toBe(BALANCE + VALUE);
  expect(user.botAllocations).not.toHaveProperty(BOT);
  expect(user.walletTransactions).toMatchObject([{ type: 'deallocate', botId: BOT }]);
  const entries = await app.connection.collection('ledger').find().toArray();
  expect(entries).toMatchObject([{ sagaId: id, source: 'reclaim' }]);
  expect(JSON.stringify(await readPoolState(app))).not.toContain(BOT);
  const { pooled } = await app.world.snapshot();
  expect(pooled.map(({ instanceId }) => instanceId)).not.toContain(BOT);
  const tombstones = await app.connection.collection('tombstones').find().toArray();
  expect(tombstones).toMatchObject([{ sagaId: id, status: 'ended' }]);
}

async function expectUntouched(context: ExecutionContext): Promise<void> {
  const { app } = context;
  const user = await userOf(context);
  expect(user.paperWallet.balance).toBe(BALANCE);
  expect(user.botAllocations[BOT]).toMatchObject({ currentValue: VALUE });
  expect(user.botAllocations[BOT]).not.toHaveProperty('lockedBy');
  expect(user.walletTransactions).toEqual([]);
  expect(await app.connection.collection('ledger').countDocuments()).toBe(0);
  expect(await standingTombstones(app)).toEqual([]);
  const { pools, botMapping } = await readPoolState(app);
  const before = JSON.parse(await fixture('pool-state.json'));
  expect({ pools, botMapping }).toEqual({ pools: before.pools, botMapping: before.botMapping });
  const { pooled } = await app.world.snapshot();
  const bot = pooled.find(({ instanceId }) => instanceId === BOT);
  expect(bot).toMatchObject({ conf: 'present', program: 'RUNNING' });
}

describe('the worker is killed in the middle of a step', () => {
  it.each<[string, Obstruct]>([
    ['lock-allocation', holdCommand(command('update', 'tombstones'))],
    ['stop-container', holdCommand(command('update', 'simulatedBots'))],
    ['update-pool-state', holdPoolState],
    ['refund-wallet', holdCommand('reclaimSettlement')],
    ['write-transaction', holdCommand(command('update', 'ledger'))],
    ['remove-container', holdCommand(command('delete', 'simulatedBots'))],
  ])('%s: the next worker finishes, one payment and one ledger entry', async (step, obstruct) => {
    const context = await setUp();
    const { reached, lift } = await obstruct(context);
    const doomed = await startDoomedWorker(context);
    const id = await requestDeletion(context);
    await Promise.all([reached, waitForStep(context, id, step, 'running')]);
    await doomed.kill();
    await lift();
    startSuccessor(context);
    const saga = await waitForEnd(context, id);
    expect(saga.state).toMatchObject({ phase: 'completed', warnings: [] });
    expect(saga.epoch).toBeGreaterThan(1);
    await expectDeleted(context, id);
  });

  it('refund-wallet, after the payment and before the log knew: the receipt is found, nothing is paid again', async () => {
    const context = await setUp();
    const paid = context.wire.cutAfter('reclaimSettlement');
    const doomed = await startDoomedWorker(context);
    const id = await requestDeletion(context);
    await Promise.all([paid, waitForStep(context, id, 'refund-wallet', 'running')]);
    await doomed.kill();
    expect((await userOf(context)).paperWallet.balance).toBe(BALANCE + VALUE);
    startSuccessor(context);
    const saga = await waitForEnd(context, id);
    expect(saga.state.phase).toBe('completed');
    const observed = saga.history.filter(({ type }) => type === 'observed');
    expect(observed).toMatchObject([{ step: 'refund-wallet', detail: 'landed' }]);
    await expectDeleted(context, id);
  });
});

describe('the worker is killed in the middle of going back', () => {
  const RESTORE = { ON_STOP_FAILURE: 'restore', STOP_TIMEOUT_MS: '500' };

  it.each<[string, string, Obstruct]>([
    ['the pool state', 'update-pool-state', holdPoolState],
    ['the bot', 'stop-container', holdCommand(command('update', 'simulatedBots'), CONF_PUT_BACK)],
    ['the lock', 'lock-allocation', holdCommand(command('update', 'tombstones'), 'withdrawnAt')],
  ])('%s: the next worker restores everything as it was', async (_, step, obstruct) => {
    const context = await setUp(RESTORE);
    await context.app.world.injectFaults({ instanceId: BOT }, { refuseStop: true });
    const { reached, lift } = await obstruct(context);
    const doomed = await startDoomedWorker(context);
    const id = await requestDeletion(context);
    await Promise.all([reached, waitForStep(context, id, step, 'compensating')]);
    await doomed.kill();
    await lift();
    startSuccessor(context);
    const saga = await waitForEnd(context, id);
    expect(saga.state).toMatchObject({ phase: 'compensated', cause: { code: 'STOP_FAILED' } });
    expect(saga.epoch).toBeGreaterThan(1);
    await expectUntouched(context);
  });
});
