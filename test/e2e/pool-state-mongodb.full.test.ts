// The whole application with its pool state in MongoDB: the flows that write it, what health says of it, and what
// becomes of a start for which the pool state is in the other place.

import { access, rm } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { reportHealth } from '../../src/main/compose/health-report.ts';
import { moveToFile, moveToMongodb } from '../../src/pool-state/mongodb/move-pool-state.ts';
import { poolCollections } from '../../src/pool-state/mongodb/pool-documents.ts';
import { startBeside, startTestApplication } from '../support/application.ts';
import { deleteBot, placeBot, readPoolState, startWithFixtures } from '../support/deletions.ts';
import { returnedBy, syncWallet } from '../support/syncs.ts';

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
