// Whose bot is it? Ids are data and may collide with anything: another user's container, entry or pool is never
// touched, whatever id is sent; what collides is reported as `id-conflict`.

import { describe, expect, it } from 'vitest';
import { startTestApplication, type TestApplication } from '../support/application.ts';
import {
  allOf,
  deleteBot,
  findingsOf,
  injectFaults,
  outsideState,
  ownEntries,
  poolStateOf,
  readPoolState,
  userNamed,
  writePoolState,
} from '../support/deletions.ts';
import { allocation, putUser } from '../support/users.ts';

const SHARED = 'shared-bot-1';

/** Two users whose wallets both hold the same id. */
async function placeTwins(app: TestApplication): Promise<void> {
  for (const firebaseUid of ['uid-a', 'uid-b']) {
    const bots = { [SHARED]: allocation(100, 110) };
    await putUser(app.db, { firebaseUid, balance: 50, bots });
  }
}

async function expectUntouched(app: TestApplication, uid: string): Promise<void> {
  const user = await userNamed(app, uid);
  expect([user.paperWallet.balance, Object.keys(user.botAllocations)]).toEqual([50, [SHARED]]);
  expect(user.botAllocations[SHARED]).not.toHaveProperty('lockedBy');
}

describe('two users with the same instance id', () => {
  it("a dedicated container labelled as the other's: only the money is mine; the other's DELETE takes it", async () => {
    const app = await startTestApplication();
    await placeTwins(app);
    const labels = { instanceId: SHARED, userId: 'uid-b' };
    await app.world.addDedicated({ instanceId: SHARED, labels });

    const mine = await deleteBot(app, { uid: 'uid-a', instanceId: SHARED });
    expect(mine.body).toMatchObject({ success: true, wallet: { returned: 110 } });
    expect((await app.world.snapshot()).dedicated).toMatchObject([{ running: true, labels }]);
    await expectUntouched(app, 'uid-b');
    expect(await findingsOf(app, 'id-conflict')).toMatchObject([{ instanceId: SHARED }]);

    const other = await deleteBot(app, { uid: 'uid-b', instanceId: SHARED });
    expect(other.body).toMatchObject({ success: true, wallet: { returned: 110 } });
    expect(other.body.jobId).not.toBe(mine.body.jobId);
    expect((await app.world.snapshot()).dedicated).toEqual([]);
    expect(await findingsOf(app, 'id-conflict')).toHaveLength(1);
    expect(await ownEntries(app)).toHaveLength(2);
  });

  it("a program in the other's pool, with its mapping: both stay, and I am paid", async () => {
    const app = await startTestApplication();
    await placeTwins(app);
    const state = poolStateOf('uid-b');
    const [pool] = Object.values(state.pools);
    const [mapping] = Object.values(state.botMapping);
    if (pool === undefined || mapping === undefined) throw new Error('no pool');
    await writePoolState(app, {
      ...state,
      pools: { [pool.id]: { ...pool, bots: [SHARED] } },
      botMapping: { [SHARED]: { ...mapping, instanceId: SHARED } },
    });
    await app.world.addPooled({ instanceId: SHARED, containerName: pool.containerName });
    const before = await outsideState(app);

    const mine = await deleteBot(app, { uid: 'uid-a', instanceId: SHARED });
    expect(mine.body).toMatchObject({ success: true, wallet: { returned: 110 } });
    expect(mine.body.warnings).toBeUndefined();
    const after = await outsideState(app);
    expect([after.bots, after.pools]).toEqual([before.bots, before.pools]);
    await expectUntouched(app, 'uid-b');
    expect(await findingsOf(app, 'id-conflict')).toMatchObject([
      { evidence: { poolState: true, containers: [pool.containerName] } },
    ]);

    const other = await deleteBot(app, { uid: 'uid-b', instanceId: SHARED });
    expect(other.body.success).toBe(true);
    expect((await app.world.snapshot()).pooled).toEqual([]);
    expect((await readPoolState(app)).botMapping).toEqual({});
  });

  it('a container that nobody is named for: neither takes it, both are paid', async () => {
    const app = await startTestApplication();
    await placeTwins(app);
    await app.world.addDedicated({ instanceId: SHARED });
    const before = (await app.world.snapshot()).dedicated;
    const mine = await deleteBot(app, { uid: 'uid-a', instanceId: SHARED });
    expect(mine.body).toMatchObject({ success: true, wallet: { returned: 110 } });
    expect((await app.world.snapshot()).dedicated).toEqual(before);
    await expectUntouched(app, 'uid-b');
    expect(await findingsOf(app, 'id-conflict')).toHaveLength(1);
  });
  it("the host answers only after the lock: the other's container is reported and left alone all the same", async () => {
    const app = await startTestApplication();
    await placeTwins(app);
    const labels = { instanceId: SHARED, userId: 'uid-b' };
    await app.world.addDedicated({ instanceId: SHARED, labels });
    await injectFaults(app, { instanceId: SHARED }, { unknown: 1 });
    const mine = await deleteBot(app, { uid: 'uid-a', instanceId: SHARED });
    expect(mine.body).toMatchObject({ success: true, wallet: { returned: 110 } });
    expect((await app.world.snapshot()).dedicated).toMatchObject([{ running: true, labels }]);
    expect(await findingsOf(app, 'id-conflict')).toHaveLength(1);
  });
});

/** Ids that the platform’s model gives no money to: what they name came from elsewhere. See `platform/ids.test.ts`. */
const HOSTILE_IDS = [
  ...['a.b.c-bot-1.x', 'constructor', 'lockedBy.value', '.hidden', '__proto__', '$set', '../b'],
  'me@x.org-bot-1',
];

describe('ids that look like something else', () => {
  it('dots, property names, an operator: each deletes exactly its own bot', async () => {
    const app = await startTestApplication();
    const uid = 'uid-odd';
    const bots = Object.fromEntries(HOSTILE_IDS.map((id) => [id, allocation(10, 11)]));
    await putUser(app.db, { firebaseUid: uid, balance: 0, bots });
    const state = poolStateOf(uid);
    const [pool] = Object.values(state.pools);
    const [mapping] = Object.values(state.botMapping);
    if (pool === undefined || mapping === undefined) throw new Error('no pool');
    await writePoolState(app, {
      ...state,
      pools: { [pool.id]: { ...pool, bots: HOSTILE_IDS } },
      botMapping: Object.fromEntries(
        HOSTILE_IDS.map((instanceId) => [instanceId, { ...mapping, instanceId }]),
      ),
    });
    // No conf file can hold a slash: such a bot never ran in a pool.
    const programs = HOSTILE_IDS.filter((id) => !id.includes('/'));
    for (const instanceId of programs) {
      await app.world.addPooled({ instanceId, containerName: pool.containerName });
    }
    for (const [index, instanceId] of HOSTILE_IDS.entries()) {
      const reply = await deleteBot(app, { uid, instanceId });
      expect(reply.body, instanceId).toMatchObject({ success: true, wallet: { returned: 11 } });
      expect(reply.body.warnings, instanceId).toBeUndefined();
      const left = HOSTILE_IDS.slice(index + 1);
      const user = await userNamed(app, uid);
      expect(new Set(Object.keys(user.botAllocations))).toEqual(new Set(left));
      expect(user.paperWallet.balance).toBe(11 * (index + 1));
      const after = await readPoolState(app);
      expect(after.pools[pool.id]?.bots).toEqual(left);
      expect(new Set(Object.keys(after.botMapping))).toEqual(new Set(left));
      const running = (await app.world.snapshot()).pooled.map((bot) => bot.instanceId);
      expect(new Set(running)).toEqual(new Set(left.filter((id) => programs.includes(id))));
    }
  });

  it('the same ids where no bot has them: 404', async () => {
    const app = await startTestApplication();
    await putUser(app.db, { firebaseUid: 'uid-odd', balance: 0, bots: {} });
    for (const instanceId of HOSTILE_IDS) {
      expect((await deleteBot(app, { uid: 'uid-odd', instanceId })).status, instanceId).toBe(404);
    }
    expect(await allOf(app, 'sagas')).toEqual([]);
  });
});
