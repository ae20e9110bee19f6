// Workers killed with SIGKILL in the middle of a deletion, in real processes: whoever comes next finishes, and the money
// moves once (I1, I2, I5, I10). Of each step, and of every call in it, `crash-delete-bot.full.test.ts` lets a worker die.

import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { type SagaId, toSagaId } from '../../packages/saga/src/saga-id.ts';
import type { TestApplication } from '../support/application.ts';
import {
  readPoolState,
  standingTombstones,
  startWithFixtures,
  userNamed,
} from '../support/deletions.ts';
import {
  command,
  createDoomedWorker,
  type DoomedWorker,
  holdCommand,
  holdPoolState,
  type Obstruct,
} from '../support/doomed-worker.ts';

const UID = 'uid-live';
const BOT = 'uid-live-bot-1';
const BALANCE = 500.25;
const VALUE = 262.5;
const POOL_STATE = new URL('../../fixtures/pool-state.json', import.meta.url);

async function setUp(env: Readonly<Record<string, string>> = {}): Promise<DoomedWorker> {
  return createDoomedWorker(await startWithFixtures({ env: { WORKERS: 'none', ...env } }));
}

async function requestDeletion({ app }: DoomedWorker): Promise<SagaId> {
  const reply = await app.call(UID, 'DELETE', `/bots/${BOT}`);
  expect(reply.status).toBe(202);
  return toSagaId(reply.body.jobId);
}

/** What puts a conf file back; the stop before it sends `aside`. */
const CONF_PUT_BACK = '\x02conf\0\x08\0\0\0present\0';

async function expectDeleted(app: TestApplication, id: SagaId): Promise<void> {
  const user = await userNamed(app, UID);
  expect(user.paperWallet.balance).toBe(BALANCE + VALUE);
  expect(user.botAllocations).not.toHaveProperty(BOT);
  expect(user.walletTransactions).toMatchObject([{ type: 'deallocate', botId: BOT }]);
  const entries = await app.db.collection('ledger').find().toArray();
  expect(entries).toMatchObject([{ sagaId: id, source: 'reclaim' }]);
  expect(JSON.stringify(await readPoolState(app))).not.toContain(BOT);
  const { pooled } = await app.world.snapshot();
  expect(pooled.map(({ instanceId }) => instanceId)).not.toContain(BOT);
  const tombstones = await app.db.collection('tombstones').find().toArray();
  expect(tombstones).toMatchObject([{ sagaId: id, status: 'ended' }]);
}

async function expectUntouched(app: TestApplication): Promise<void> {
  const user = await userNamed(app, UID);
  expect(user.paperWallet.balance).toBe(BALANCE);
  expect(user.botAllocations[BOT]).toMatchObject({ currentValue: VALUE });
  expect(user.botAllocations[BOT]).not.toHaveProperty('lockedBy');
  expect(user.walletTransactions).toEqual([]);
  expect(await app.db.collection('ledger').countDocuments()).toBe(0);
  expect(await standingTombstones(app)).toEqual([]);
  const { pools, botMapping } = await readPoolState(app);
  const before = JSON.parse(await readFile(POOL_STATE, 'utf8'));
  expect({ pools, botMapping }).toEqual({ pools: before.pools, botMapping: before.botMapping });
  const { pooled } = await app.world.snapshot();
  const bot = pooled.find(({ instanceId }) => instanceId === BOT);
  expect(bot).toMatchObject({ conf: 'present', program: 'RUNNING' });
}

describe('the worker is killed in the middle of a step', () => {
  it.each<[string, Obstruct]>([
    ['stop-container', holdCommand(command('update', 'simulatedBots'))],
    ['update-pool-state', holdPoolState],
    ['refund-wallet', holdCommand('reclaimSettlement')],
  ])('%s: the next worker finishes, one payment and one ledger entry', async (step, obstruct) => {
    const doomed = await setUp();
    const { reached, lift } = await obstruct(doomed);
    const worker = await doomed.start();
    const id = await requestDeletion(doomed);
    await Promise.all([reached(), doomed.at(id, step, 'running')]);
    await worker.kill();
    await lift();
    const saga = await doomed.finishedByNext(id);
    expect(saga.state).toMatchObject({ phase: 'completed', warnings: [] });
    expect(saga.epoch).toBeGreaterThan(1);
    await expectDeleted(doomed.app, id);
  });

  it('refund-wallet, after the payment and before the log knew: the receipt is found, nothing is paid again', async () => {
    const doomed = await setUp();
    const paid = doomed.wire.cutAfter('reclaimSettlement');
    const worker = await doomed.start();
    const id = await requestDeletion(doomed);
    await Promise.all([paid, doomed.at(id, 'refund-wallet', 'running')]);
    await worker.kill();
    expect((await userNamed(doomed.app, UID)).paperWallet.balance).toBe(BALANCE + VALUE);
    const saga = await doomed.finishedByNext(id);
    expect(saga.state.phase).toBe('completed');
    const observed = saga.history.filter(({ type }) => type === 'observed');
    expect(observed).toMatchObject([{ step: 'refund-wallet', detail: 'landed' }]);
    await expectDeleted(doomed.app, id);
  });
});

describe('the worker is killed in the middle of going back', () => {
  const RESTORE = { ON_STOP_FAILURE: 'restore', STOP_TIMEOUT_MS: '500' };

  it.each<[string, string, Obstruct]>([
    ['the pool state', 'update-pool-state', holdPoolState],
    ['the bot', 'stop-container', holdCommand(command('update', 'simulatedBots'), CONF_PUT_BACK)],
  ])('%s: the next worker restores everything as it was', async (_, step, obstruct) => {
    const doomed = await setUp(RESTORE);
    await doomed.app.world.injectFaults({ instanceId: BOT }, { refuseStop: true });
    const { reached, lift } = await obstruct(doomed);
    const worker = await doomed.start();
    const id = await requestDeletion(doomed);
    await Promise.all([reached(), doomed.at(id, step, 'compensating')]);
    await worker.kill();
    await lift();
    const saga = await doomed.finishedByNext(id);
    expect(saga.state).toMatchObject({ phase: 'compensated', cause: { code: 'STOP_FAILED' } });
    expect(saga.epoch).toBeGreaterThan(1);
    await expectUntouched(doomed.app);
  });
});
