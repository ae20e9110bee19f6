// The whole application with its pool state in MongoDB: the flows that write it, what health says of it, and what
// becomes of a start for which the pool state is in the other place.

import { access, rename, rm } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { reportHealth } from '../../src/main/compose/health-report.ts';
import { moveToFile } from '../../src/pool-state/mongodb/move-to-file.ts';
import { moveToMongodb } from '../../src/pool-state/mongodb/move-to-mongodb.ts';
import { poolCollections } from '../../src/pool-state/mongodb/pool-documents.ts';
import type { PoolState } from '../../src/pool-state/pool-state.ts';
import { startBeside, startTestApplication } from '../support/application.ts';
import {
  deleteBot,
  outsideState,
  placeBot,
  readPoolState,
  startWithFixtures,
} from '../support/deletions.ts';
import { createHealthChecks } from '../support/health-checks.ts';
import { conservation, provision, setUpProvisioning, UID } from '../support/provisions.ts';
import { reclaim, returnedBy, syncWallet } from '../support/syncs.ts';
import { users } from '../support/users.ts';

const env = { POOL_STATE: 'mongodb' };
const inFile = { POOL_STATE: 'file' };

const OK = { status: 'ok', tookMs: expect.any(Number) };

describe('POOL_STATE=mongodb', () => {
  it('a pooled bot is deleted: its pool and the mapping know it no more, and no file was ever made', async () => {
    const app = await startWithFixtures({ env });
    const reply = await deleteBot(app, { uid: 'uid-live', instanceId: 'uid-live-bot-1' });
    expect(reply.body).toMatchObject({ success: true, wallet: { returned: 262.5, pnl: 12.5 } });
    const { pools, botMapping } = await readPoolState(app);
    expect(pools['uid-live-pool-1']?.bots).toEqual(['uid-live-bot-2', 'uid-live-bot-3']);
    expect(botMapping).not.toHaveProperty('uid-live-bot-1');
    expect(botMapping).toHaveProperty('uid-live-bot-2');
    await expect(access(app.poolStateFile)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('four bots for three places at once: three get a port each, the fourth its money back', async () => {
    const app = await setUpProvisioning({ env });
    const beside = await startBeside(app);
    const replies = await Promise.all([1, 2, 3, 4].map(() => provision(app)));
    expect(replies.map(({ body }) => body.success).sort()).toEqual([false, true, true, true]);
    const { pools, botMapping } = await readPoolState(app);
    const ports = Object.values(botMapping).map(({ port }) => port);
    expect(ports.sort()).toEqual([9000, 9001, 9002]);
    expect(Object.values(botMapping).map(({ status }) => status)).toEqual(
      Array.from({ length: 3 }, () => 'running'),
    );
    expect([...(pools[`${UID}-pool-1`]?.bots ?? [])].sort()).toEqual(
      Object.keys(botMapping).sort(),
    );
    const { balanceMinor, expectedMinor } = await conservation(app);
    expect(balanceMinor).toBe(expectedMinor);
    await beside.stop();
  });

  it('sync: a stale entry goes, a lost one comes back', async () => {
    const app = await startWithFixtures({ env });
    await users(app.db).updateOne({ firebaseUid: 'uid-stale' }, { $set: { botAllocations: {} } });
    await syncWallet(app, 'uid-stale');
    await syncWallet(app, 'uid-lost');
    const { botMapping } = await readPoolState(app);
    expect(botMapping).not.toHaveProperty('uid-stale-bot-1');
    expect(botMapping['uid-lost-bot-1']).toMatchObject({ poolId: 'uid-lost-pool-1' });
  });

  it('an orphan that Docker may have after all: compensated, and its entry is back', async () => {
    const app = await startTestApplication({ env });
    const bot = await placeBot(app, 'pooled');
    await app.db.collection('simulatedBots').deleteMany({ instanceId: bot.instanceId });
    const before = await outsideState(app);
    await app.world.injectFaults({ host: 'simulated' }, { unreachable: true });
    const { state } = await reclaim(app, bot);
    await app.world.injectFaults({ host: 'simulated' }, null);
    expect(state).toMatchObject({ phase: 'compensated', cause: { code: 'SOURCE_UNKNOWN' } });
    expect(await outsideState(app)).toEqual(before);
  });

  it('looks: the words of bots and pools are put right, and a bot that has crashed is started', async () => {
    const app = await startWithFixtures({ env });
    const { observe } = createHealthChecks(app);
    const live = 'freqtrade-pool-uid-live-pool-1';
    await app.world.setProgram('uid-live-bot-1', 'FATAL');
    await observe();
    expect((await readPoolState(app)).botMapping['uid-live-bot-3']?.status).toBe('running');
    await observe();
    expect((await observe()).restarts).toBe(1);
    const { pooled } = await app.world.snapshot();
    const crashed = pooled.find(({ instanceId }) => instanceId === 'uid-live-bot-1');
    expect(crashed?.program).toBe('RUNNING');
    expect((await readPoolState(app)).botMapping['uid-live-bot-1']?.status).toBe('failed');
    await app.world.setPool(live, { running: false });
    await observe();
    const { pools, botMapping } = await readPoolState(app);
    expect(pools['uid-live-pool-1']?.status).toBe('stopped');
    expect(Object.keys(botMapping)).toHaveLength(4);
  });

  it('health: says what MongoDB’s pool state is like, and names it as the source', async () => {
    const app = await startWithFixtures({ env });
    const ready = async () => (await fetch(`${app.url}/readyz`)).json();
    expect((await reportHealth(app.services)).poolState).toEqual(OK);
    await poolCollections(app.db).state.deleteOne({ _id: 'state' });
    expect((await reportHealth(app.services)).poolState).toEqual({
      status: 'down',
      reason: 'pool state in MongoDB: there is none in the database',
      tookMs: expect.any(Number),
    });
    expect(await ready()).toMatchObject({ degraded: expect.arrayContaining(['pool-state']) });
  });
});

describe('a start for which the pool state is in the other place', () => {
  it('moved to MongoDB, started with the file: unknown, no empty file is made, and nothing is paid', async () => {
    const app = await startWithFixtures({ env: inFile });
    const deps = {
      db: app.db,
      file: app.poolStateFile,
      now: () => new Date(),
      isDryRun: false,
    };
    expect(await moveToMongodb(deps)).toMatchObject({ status: 'moved' });
    const again = await startBeside(app);
    expect((await reportHealth(again.services)).poolState).toMatchObject({ status: 'down' });
    const reply = await syncWallet(app, 'anshjarvis2003');
    expect(returnedBy(reply)).toEqual({});
    await expect(access(app.poolStateFile)).rejects.toMatchObject({ code: 'ENOENT' });

    const inMongodb = await startBeside(app, env);
    expect((await reportHealth(inMongodb.services)).poolState).toEqual(OK);
    await inMongodb.stop();
    await again.stop();
    expect(await moveToFile(deps)).toMatchObject({ status: 'moved' });
    expect((await reportHealth(app.services)).poolState).toEqual(OK);
  });

  it('in MongoDB, and a copy of the file without its note is back: not used, until the state is moved to it', async () => {
    const app = await startWithFixtures({ env: inFile });
    const deps = { db: app.db, file: app.poolStateFile, now: () => new Date(), isDryRun: false };
    const moved = await moveToMongodb(deps);
    if (moved.status !== 'moved') throw new Error(moved.status);
    await rename(moved.kept, app.poolStateFile);
    await rm(`${app.poolStateFile}.moved`);
    const { services } = await startBeside(app, inFile);
    const { poolStates } = services.deletionPorts;
    const signal = AbortSignal.timeout(20_000);
    expect(await poolStates.read({ signal })).toMatchObject({ status: 'unknown' });
    const mutation = { change: (state: PoolState) => state, fence: async () => undefined, signal };
    await expect(poolStates.mutate(mutation)).rejects.toMatchObject({
      code: 'POOL_STATE_UNREADABLE',
    });
    expect(await moveToFile(deps)).toMatchObject({ status: 'moved' });
    expect(await poolStates.read({ signal })).toMatchObject({ status: 'ok' });
  });

  it('still a file, started with MongoDB: unknown, and no empty state is made beside it', async () => {
    const app = await startTestApplication({ env: inFile });
    const beside = await startBeside(app, env);
    expect((await reportHealth(beside.services)).poolState).toMatchObject({ status: 'down' });
    expect(await poolCollections(app.db).state.countDocuments()).toBe(0);
  });

  it('neither, and nobody has an allocation: the first start makes an empty one; with allocations it does not', async () => {
    const app = await startTestApplication({ env });
    expect(await readPoolState(app)).toMatchObject({ pools: {}, botMapping: {}, nextPoolId: 1 });
    await placeBot(app, 'dedicated');
    await poolCollections(app.db).state.deleteOne({ _id: 'state' });
    await rm(app.poolStateFile, { force: true });
    const again = await startBeside(app);
    expect(await poolCollections(app.db).state.countDocuments()).toBe(0);
    expect((await reportHealth(again.services)).poolState).toMatchObject({ status: 'down' });
  });
});
