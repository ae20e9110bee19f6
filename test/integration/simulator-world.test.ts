// The simulated world going wrong, and how fast it is when it does not.

import { expect, onTestFinished, test } from 'vitest';
import { InDoubtError, UnavailableError } from '../../packages/saga/src/errors.ts';
import type { ExistingBots } from '../../src/bots/simulator/seed-world.ts';
import { createSimulatedBots } from '../../src/bots/simulator/simulated-bots.ts';
import { worldCollection } from '../../src/bots/simulator/world-documents.ts';
import { call, itemsOf, locateOne, observe, poolOf, query, queryFor } from '../contracts/bots.ts';
import { connectCounted } from '../support/counted-connection.ts';
import { createTestDatabase } from '../support/database.ts';
import { listAll } from '../support/list-all.ts';
import { createSimulatedWorld } from '../support/simulated-world.ts';

const UID = 'uid-a';
const ID = `${UID}-bot-1`;

async function setUp(deadlineMs = 5_000) {
  const db = await createTestDatabase();
  const options = { db, now: () => new Date(), deadlineMs };
  const world = createSimulatedWorld(db);
  // The indexes, before a short deadline counts.
  await world.seed({ pooled: {}, dedicated: [] });
  const bots = createSimulatedBots(options);
  onTestFinished(() => bots.close());
  return { db, world, bots, options };
}

test('a bot that nobody added: absent, and looking does not invent it', async () => {
  const { bots, world } = await setUp();
  expect(itemsOf(await bots.locate(queryFor(UID), call()))).toEqual([]);
  expect(await world.snapshot()).toEqual({ dedicated: [], pools: [], pooled: [] });
});

test('a seed that is repeated: what has changed meanwhile stays', async () => {
  const { bots, world } = await setUp();
  const existing: ExistingBots = {
    pooled: { [poolOf(UID)]: { [`bot-${ID}`]: 'RUNNING', [`bot-${UID}-bot-2`]: 'STOPPED' } },
    dedicated: [`freqtrade-${UID}-bot-3`],
  };
  await world.seed(existing);
  const captured = await locateOne(bots, UID);
  await bots.stop(ID, captured, call());
  await world.seed(existing);
  expect(await observe(bots, UID, captured)).toMatchObject({ conf: 'aside', program: 'absent' });
  expect(await locateOne(bots, UID, `${UID}-bot-2`)).toMatchObject({ program: 'STOPPED' });
  expect(await locateOne(bots, UID, `${UID}-bot-3`)).toMatchObject({ kind: 'dedicated' });
});

test('another process: sees the same world', async () => {
  const { bots, world, options } = await setUp();
  await world.addDedicated({ instanceId: ID });
  const captured = await locateOne(bots, UID);
  await createSimulatedBots(options).stop(ID, captured, call());
  expect(await observe(bots, UID, captured)).toMatchObject({ running: false });
});

test('a bot that refuses to stop: in doubt, and it runs on, of either kind', async () => {
  const { bots, world } = await setUp();
  await world.addDedicated({ instanceId: ID });
  await world.addPooled({ instanceId: `${UID}-bot-2`, containerName: poolOf(UID) });
  for (const id of [ID, `${UID}-bot-2`]) {
    const captured = await locateOne(bots, UID, id);
    await world.injectFaults({ instanceId: id }, { refuseStop: true });
    await expect(bots.stop(id, captured, call())).rejects.toBeInstanceOf(InDoubtError);
    await expect(bots.remove(id, captured, call())).rejects.toBeInstanceOf(InDoubtError);
    const observed = await observe(bots, UID, captured, id);
    expect(observed).toMatchObject(
      observed?.kind === 'dedicated'
        ? { running: true, restartPolicy: 'no' }
        : { conf: 'aside', program: 'RUNNING' },
    );
    expect(await bots.restore(id, captured, call())).toBe('restored');
    expect(await observe(bots, UID, captured, id)).toEqual(captured);
    await world.injectFaults({ instanceId: id }, null);
    await bots.remove(id, captured, call());
    expect(await observe(bots, UID, captured, id)).toBeNull();
  }
});

test('a reply that is lost once: in doubt, and it did happen', async () => {
  const { bots, world } = await setUp();
  await world.addDedicated({ instanceId: ID });
  const captured = await locateOne(bots, UID);
  await world.injectFaults({ instanceId: ID }, { loseReply: 1 });
  await expect(bots.stop(ID, captured, call())).rejects.toBeInstanceOf(InDoubtError);
  expect(await observe(bots, UID, captured)).toMatchObject({ running: false });
  await bots.remove(ID, captured, call());
  expect(await observe(bots, UID, captured)).toBeNull();
});

test('a host that hangs: unknown and unavailable when the deadline is over', async () => {
  const { bots, world } = await setUp(500);
  await world.addDedicated({ instanceId: ID });
  const captured = await locateOne(bots, UID);
  await world.injectFaults({ host: 'simulated' }, { hang: true });
  expect((await bots.locate(queryFor(UID), call())).status).toBe('unknown');
  expect((await bots.observe(ID, captured, call())).status).toBe('unknown');
  await expect(bots.stop(ID, captured, call())).rejects.toBeInstanceOf(UnavailableError);
  expect((await listAll(bots, null)).map(({ answer }) => answer.status)).toEqual(['unknown']);
  await world.injectFaults({ host: 'simulated' }, null);
  expect(await observe(bots, UID, captured)).toEqual(captured);
});

test('a bot that hangs: its stop is in doubt when the deadline is over, and nothing was done', async () => {
  const { bots, world } = await setUp(500);
  await world.addDedicated({ instanceId: ID });
  const captured = await locateOne(bots, UID);
  await world.injectFaults({ instanceId: ID }, { hang: 1 });
  await expect(bots.stop(ID, captured, call())).rejects.toBeInstanceOf(InDoubtError);
  expect(await observe(bots, UID, captured)).toEqual(captured);
});

test('a host that is unreachable for two calls: unavailable, then as if nothing was', async () => {
  const { bots, world } = await setUp();
  await world.addDedicated({ instanceId: ID });
  const captured = await locateOne(bots, UID);
  await world.injectFaults({ host: 'simulated' }, { unreachable: 2 });
  await expect(bots.stop(ID, captured, call())).rejects.toBeInstanceOf(UnavailableError);
  expect((await bots.locate(queryFor(UID), call())).status).toBe('unknown');
  expect(await locateOne(bots, UID)).toEqual(captured);
});

test('one pool that cannot tell: unknown for every bot that it may hide, not for others', async () => {
  const { bots, world } = await setUp();
  await world.addPool({ containerName: poolOf(UID) });
  await world.injectFaults({ pool: poolOf(UID) }, { unknown: true });
  expect((await bots.locate(queryFor(UID), call())).status).toBe('unknown');
  expect(itemsOf(await bots.locate(queryFor('uid-b'), call()))).toEqual([]);
  const [listing] = await listAll(bots, null);
  expect(listing?.unknownPools).toMatchObject([{ containerName: poolOf(UID) }]);
});

test('a pool that stops and starts: its programs run again from their conf files', async () => {
  const { bots, world } = await setUp();
  await world.addPooled({ instanceId: ID, containerName: poolOf(UID) });
  await world.addPooled({ instanceId: `${UID}-bot-2`, containerName: poolOf(UID) });
  const captured = await locateOne(bots, UID);
  await bots.stop(ID, captured, call());
  await world.setPool(poolOf(UID), { running: false });
  await world.setPool(poolOf(UID), { running: true });
  expect(await locateOne(bots, UID)).toMatchObject({ conf: 'aside', program: 'absent' });
  expect(await locateOne(bots, UID, `${UID}-bot-2`)).toMatchObject({ program: 'RUNNING' });
});

test('a connection that is closed: unknown, never absent', async () => {
  const { bots, world, db } = await setUp(500);
  await world.addDedicated({ instanceId: ID });
  const captured = await locateOne(bots, UID);
  const name = db.databaseName;
  const client = db.client;
  await client.close();
  expect((await bots.locate(queryFor(UID), call())).status).toBe('unknown');
  await expect(bots.stop(ID, captured, call())).rejects.toBeInstanceOf(UnavailableError);
  expect((await listAll(bots, null)).map(({ answer }) => answer.status)).toEqual(['unknown']);
  // The test's database is dropped through this connection.
  await client.connect();
  expect(db.databaseName).toBe(name);
});

test("looking for one bot: uses the world's indexes, however many there are", async () => {
  const { db, world, bots } = await setUp();
  await world.addPooled({ instanceId: ID, containerName: poolOf(UID) });
  await locateOne(bots, UID);
  const filter = { $or: [{ _id: { $in: [`pooled:${ID}`] } }, { uid: { $in: [UID] } }] };
  const plan = await worldCollection(db).find(filter).explain('queryPlanner');
  expect(JSON.stringify(plan)).not.toContain('COLLSCAN');
});

test('many callers at once: each gets its own answer in a few round trips', async () => {
  const { db, world } = await setUp();
  const { db: counted, commands } = await connectCounted(db.databaseName);
  const bots = createSimulatedBots({ db: counted, now: () => new Date() });
  // As many in one pool as a user has: programs of one pool wait for its supervisorctl.
  const poolOfBot = (index: number) => poolOf(`uid-${index % 20}`);
  const ids = Array.from({ length: 200 }, (_, index) => `${UID}-bot-${index}`);
  await Promise.all(
    ids.map((instanceId, index) =>
      index % 2 === 0
        ? world.addDedicated({ instanceId })
        : world.addPooled({ instanceId, containerName: poolOfBot(index) }),
    ),
  );
  const before = commands();
  await Promise.all(
    ids.map(async (id, index) => {
      const asked = { ...query(UID, id), poolContainers: [poolOfBot(index)] };
      const [observed] = itemsOf(await bots.locate(asked, call()));
      if (observed === undefined) throw new Error(`${id} was not found`);
      await bots.stop(id, observed, call());
      expect(await observe(bots, UID, observed, id)).not.toBeNull();
      await bots.remove(id, observed, call());
      expect(await observe(bots, UID, observed, id)).toBeNull();
    }),
  );
  const left = await world.snapshot();
  expect(left.dedicated).toEqual([]);
  expect(left.pooled).toEqual([]);
  // 200 bots with seven reads and changes each; alone they would be 1,400 round trips.
  expect(commands() - before).toBeLessThan(100);
});
