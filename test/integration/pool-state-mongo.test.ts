// What is particular to the pool state in MongoDB: parts of it, writers of several processes, those that die or
// come late, a server that is away, the first start.

import fc from 'fast-check';
import { expect, inject, onTestFinished, test } from 'vitest';
import { FencedError, InDoubtError, UnavailableError } from '../../packages/saga/src/errors.ts';
import { toFirebaseUid, toInstanceId } from '../../src/domain/ids.ts';
import { fillDemoPoolState } from '../../src/main/demo.ts';
import { migrate } from '../../src/main/migration/migration.ts';
import { createMongoPoolStates } from '../../src/pool-state/mongodb/mongo-pool-states.ts';
import {
  POOL_STATE_INDEXES,
  poolCollections,
} from '../../src/pool-state/mongodb/pool-documents.ts';
import { createEmptyPoolDocuments } from '../../src/pool-state/mongodb/pool-documents-store.ts';
import { highestInPools } from '../../src/pool-state/numbered-bots.ts';
import { assignSlot, freePort, ownPools } from '../../src/pool-state/pool-slots.ts';
import {
  findEntry,
  type PoolState,
  poolContainersOf,
  putBack,
  takeOut,
} from '../../src/pool-state/pool-state.ts';
import type { PoolScope, PoolStates } from '../../src/pool-state/pool-states.ts';
import { connectCounted } from '../support/counted-connection.ts';
import { countUp, isDone, mutate, noFence, startPoolChild } from '../support/pool-changes.ts';
import { createPoolDatabase } from '../support/pool-documents.ts';
import { sampleMapping, samplePool, samplePoolState } from '../support/pool-state-samples.ts';
import { USER_ID } from '../support/samples.ts';
import { waitFor } from '../support/wait-for.ts';
import { connectThroughWire } from '../support/wired-connection.ts';

const BOT = 'uid-0-bot-2';

test('a part is asked for: of what it names it says what the whole says, whatever is entangled', async () => {
  const whole = entangled();
  const states = (await createPoolDatabase(whole)).open();
  for (const id of [...Object.keys(whole.botMapping), 'uid-1-bot-9', 'nobody', '__proto__']) {
    const part = await readPart(states, { bots: [id] });
    expect(findEntry(part, id), id).toEqual(findEntry(whole, id));
    expect(poolContainersOf(part, id), id).toEqual(poolContainersOf(whole, id));
  }
  for (const uid of ['uid-0', 'uid-1', 'uid', 'uid-9'].map(toFirebaseUid)) {
    const part = await readPart(states, { users: [uid] });
    const own = ownPools(whole, { userId: null, firebaseUid: uid });
    expect(ownPools(part, { userId: null, firebaseUid: uid }), uid).toEqual(own);
    expect(own.map((pool) => freePort(part, pool, []))).toEqual(
      own.map((pool) => freePort(whole, pool, [])),
    );
    expect(highestInPools(part, uid), uid).toBe(highestInPools(whole, uid));
  }
});

test('many parts asked for at once: one command or two, and each caller finds its own', async () => {
  const whole = samplePoolState(30);
  const { db: stored } = await createPoolDatabase(whole);
  const { db, commands } = await connectCounted(stored.databaseName);
  const states = createMongoPoolStates({ db, now: () => new Date() });
  const ids = Object.keys(whole.botMapping);
  await readPart(states, { bots: ids.slice(0, 1) });
  const before = commands();
  const parts = await Promise.all(ids.map((id) => readPart(states, { bots: [id] })));
  expect(commands() - before).toBeLessThanOrEqual(4);
  for (const [index, id] of ids.entries()) {
    expect(findEntry(parts[index] ?? whole, id), id).toEqual(findEntry(whole, id));
  }
});

test('a part is changed: the state becomes what changing the whole would have made of it', async () => {
  const whole = entangled();
  const database = await createPoolDatabase(whole);
  const states = database.open();
  const owner = { userId: USER_ID, firebaseUid: toFirebaseUid('uid-1') };
  const order = {
    instanceId: toInstanceId('uid-1-bot-7'),
    ...owner,
    pools: ownPools(whole, owner).map(({ id, containerName }) => ({
      poolId: id,
      containerName,
      host: 'local',
    })),
    held: [],
    createdAt: '2026-11-02T00:00:00.000Z',
  };
  const assign = (state: PoolState) => assignSlot(state, order) ?? state;
  const [{ changed }] = await Promise.all([
    mutate(states, assign, { about: { bots: [order.instanceId], users: ['uid-1'] } }),
    mutate(states, (state) => takeOut(state, BOT), { about: { bots: [BOT] } }),
  ]);
  expect(changed).toBe(true);
  const { updatedAt, ...stored } = await database.stored();
  expect(stored).toEqual({ ...takeOut(assign(whole), BOT), updatedAt: undefined });
  expect(updatedAt).not.toBe(whole.updatedAt);
});

test('a reader that reads all the time: sees what a fresh one sees, after every change by others', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat({ max: 11 }), { minLength: 1, maxLength: 6 }),
      async (picks) => {
        const start = samplePoolState(12);
        const database = await createPoolDatabase(start);
        const [reader, writer] = [database.open(), database.open()];
        const bots = Object.keys(start.botMapping);
        await readPart(reader);
        for (const pick of picks) {
          const id = bots[pick] ?? '';
          const entry = findEntry(start, id);
          const toggle = (state: PoolState) =>
            findEntry(state, id) === null && entry !== null
              ? putBack(state, id, entry)
              : takeOut(state, id);
          const pools = Object.keys(start.pools);
          await mutate(pick % 2 === 0 ? writer : reader, toggle, { about: { bots: [id], pools } });
          expect(await readPart(reader)).toEqual(await database.stored());
        }
      },
    ),
    { numRuns: 4 },
  );
});

test('a worker’s claim is taken over after its fence has passed: its change never lands', async () => {
  const database = await createPoolDatabase(samplePoolState(6));
  const [old, taker] = [database.open(), database.open()];
  let isTaken = false;
  const late = old.mutate({
    change: (state) => takeOut(state, BOT),
    fence: async () => {
      if (isTaken) throw new FencedError('delete-1', 3);
      isTaken = true;
      // The new claim's worker looks through the lock, while the old one's fence has said yes already.
      const { state } = await mutate(taker, (same) => same, { about: { bots: [BOT] } });
      expect(findEntry(state, BOT)).not.toBeNull();
    },
    signal: AbortSignal.timeout(20_000),
    about: { bots: [BOT] },
  });
  await expect(late).rejects.toBeInstanceOf(FencedError);
  expect(await database.stored()).toEqual(samplePoolState(6));
});

test('two processes with 200 changes each, and one that is killed amid its own: none is lost or half done', async () => {
  const database = await createPoolDatabase(samplePoolState(9));
  const uri = new URL(inject('mongodbUri'));
  uri.pathname = `/${database.db.databaseName}`;
  const doomed = startPoolChild('count', uri.href, 100_000);
  const survivors = [1, 2].map(() => startPoolChild('count', uri.href, 200));
  await waitFor(
    'the doomed one writes',
    async () => ((await database.stored()).nextPoolId ?? 0) > 20,
  );
  doomed.kill('SIGKILL');
  await Promise.all(survivors.map(isDone));
  const { nextPoolId } = await database.stored();
  expect(nextPoolId).toBeGreaterThan(400);
  await mutate(database.open(), countUp);
  expect((await database.stored()).nextPoolId).toBe((nextPoolId ?? 0) + 1);
});

test('a writer dies before its rows are up: every reader sees the change, and the next writer brings them up', async () => {
  const database = await createPoolDatabase(samplePoolState(6));
  const { state, bots } = poolCollections(database.db);
  await mutate(database.open(), (s) => takeOut(s, BOT), { about: { bots: [BOT] } });
  const before = await database.stored();
  const mapping = sampleMapping('uid-0', 'uid-0-bot-9', 1);
  const revision = ((await state.findOne({ _id: 'state' }))?.revision ?? 0) + 1;
  const pending = {
    revision,
    pools: [],
    bots: [
      { id: 'uid-0-bot-9', position: 99, value: mapping },
      { id: 'uid-0-bot-1', position: null, value: null },
    ],
  };
  await state.updateOne({ _id: 'state' }, { $set: { revision, pending } });

  const { 'uid-0-bot-1': _gone, ...rest } = before.botMapping;
  const expected: PoolState['botMapping'] = { ...rest, 'uid-0-bot-9': mapping };
  const states = database.open();
  expect((await readPart(states)).botMapping).toEqual(expected);
  expect((await readPart(states, { bots: ['uid-0-bot-9'] })).botMapping).toMatchObject({
    'uid-0-bot-9': mapping,
  });
  expect(findEntry(await readPart(states, { bots: ['uid-0-bot-1'] }), 'uid-0-bot-1')?.mapping).toBe(
    null,
  );
  await mutate(states, (s) => takeOut(s, 'uid-1-bot-1'), { about: { bots: ['uid-1-bot-1'] } });
  const { 'uid-1-bot-1': _taken, ...left } = expected;
  expect((await database.stored()).botMapping).toEqual(left);
  expect(await bots.findOne({ _id: 'uid-0-bot-9' })).toMatchObject({ value: mapping, revision });
});

test('a writer that was away brings old rows up at last: what was removed since stays removed', async () => {
  const database = await createPoolDatabase(samplePoolState(6));
  const states = database.open();
  await mutate(states, (s) => takeOut(s, BOT), { about: { bots: [BOT] } });
  const { state } = poolCollections(database.db);
  const value = sampleMapping('uid-0', BOT, 1);
  const pending = { revision: 1, pools: [], bots: [{ id: BOT, position: 7, value }] };
  await state.updateOne({ _id: 'state' }, { $set: { pending } });
  await mutate(states, (s) => takeOut(s, 'uid-1-bot-1'), { about: { bots: ['uid-1-bot-1'] } });
  const stored = await database.stored();
  expect(Object.keys(stored.botMapping)).toEqual([
    'uid-0-bot-1',
    'uid-0-bot-3',
    'uid-1-bot-2',
    'uid-1-bot-3',
  ]);
});

test('the server goes away: unknown, a change is refused unwritten; back again, both work', async () => {
  const database = await createPoolDatabase(samplePoolState(6));
  const { proxy, wired } = await connectThroughWire(database.db, 'retryWrites=true');
  const states = database.open({ db: wired });
  expect(Object.keys((await readPart(states)).botMapping)).toHaveLength(6);
  proxy.cut();
  const answer = await states.read({ signal: AbortSignal.timeout(10_000) });
  expect(answer).toMatchObject({ status: 'unknown', reason: expect.stringContaining('MongoDB') });
  const refusal = mutate(states, (s) => takeOut(s, BOT), { about: { bots: [BOT] } });
  await expect(refusal).rejects.toBeInstanceOf(UnavailableError);
  proxy.heal();
  expect(await database.stored()).toEqual(samplePoolState(6));
  await mutate(states, (s) => takeOut(s, BOT), { about: { bots: [BOT] } });
  expect(findEntry(await database.stored(), BOT)).toBeNull();
});

test('the answer to a change is lost, and nothing can be asked: in doubt, and it has landed', async () => {
  const database = await createPoolDatabase(samplePoolState(6));
  const { proxy, wired } = await connectThroughWire(database.db, 'retryWrites=true');
  const states = database.open({ db: wired });
  await readPart(states, { bots: [BOT] });
  const landed = proxy.cutAfter('writeId');
  const refusal = mutate(states, (s) => takeOut(s, BOT), { about: { bots: [BOT] } });
  await expect(refusal).rejects.toBeInstanceOf(InDoubtError);
  await landed;
  proxy.heal();
  expect(findEntry(await database.stored(), BOT)).toBeNull();
  const { changed } = await mutate(states, (s) => takeOut(s, BOT), { about: { bots: [BOT] } });
  expect(changed).toBe(false);
});

test('ids and fields of every kind: kept as values, in their order', async () => {
  const mapping = { ...sampleMapping('a.b', 'x', 0), $set: { 'c.d': null }, '': [1.5, -2e40] };
  const ids = ['$where', 'a.b.c', '__proto__', 'constructor', '10', 'ä', ' '];
  const whole: PoolState = {
    ...samplePoolState(3),
    botMapping: Object.fromEntries(ids.map((id) => [id, { ...mapping, instanceId: id }])),
    'unknown.field': { $deep: [{}, [], null, true, 2 ** 40] },
  };
  const database = await createPoolDatabase(whole);
  expect(JSON.stringify(await database.stored())).toBe(JSON.stringify(whole));
  const states = database.open();
  for (const id of ids) {
    const { changed } = await mutate(states, (s) => takeOut(s, id), { about: { bots: [id] } });
    expect(changed, id).toBe(true);
  }
  expect((await database.stored()).botMapping).toEqual({});
});

test('a first start: one of several creates the empty state, and never over another', async () => {
  const database = await createPoolDatabase();
  const now = () => new Date('2026-11-02T03:04:05.678Z');
  const begin = () => createEmptyPoolDocuments(database.db, now);
  const created = await Promise.all([begin(), begin(), begin()]);
  expect(created.sort()).toEqual(['created', 'exists', 'exists']);
  const empty = { pools: {}, botMapping: {}, nextPoolId: 1, updatedAt: now().toISOString() };
  expect(await readPart(database.open())).toEqual(empty);
  await database.overwrite(samplePoolState(3));
  expect(await begin()).toBe('exists');
  expect(await database.stored()).toEqual(samplePoolState(3));
});

test('the demo’s state: put where nothing is yet, and left alone from then on', async () => {
  const database = await createPoolDatabase();
  await createEmptyPoolDocuments(database.db, () => new Date());
  const states = database.open();
  await fillDemoPoolState(states);
  const filled = await database.stored();
  expect(filled.pools).toHaveProperty('uid-live-pool-1');
  await mutate(states, (s) => takeOut(s, 'uid-live-bot-1'), {
    about: { bots: ['uid-live-bot-1'] },
  });
  await fillDemoPoolState(states);
  expect((await database.stored()).botMapping).not.toHaveProperty('uid-live-bot-1');
});

test('questions about a part: answered by indexes, however many bots there are', async () => {
  const database = await createPoolDatabase(samplePoolState(600));
  await migrate(database.db, POOL_STATE_INDEXES);
  const { db } = database;
  await db.command({ profile: 2 });
  onTestFinished(async () => void (await db.command({ profile: 0 })));
  const states = database.open();
  await readPart(states, { bots: ['uid-7-bot-2'], users: ['uid-7'], containers: ['none'] });
  await mutate(states, (s) => takeOut(s, 'uid-7-bot-2'), { about: { bots: ['uid-7-bot-2'] } });
  const readings = await db
    .collection('system.profile')
    .find({ ns: { $regex: /poolState/ }, 'command.aggregate': { $exists: true } })
    .toArray();
  expect(readings.length).toBeGreaterThanOrEqual(3);
  for (const { docsExamined, command } of readings) {
    expect(docsExamined, JSON.stringify(command.pipeline)).toBeLessThanOrEqual(12);
  }
});

test('closed with changes waiting: those are refused, and closing again is harmless', async () => {
  const database = await createPoolDatabase(samplePoolState(3));
  const states = database.open();
  const slow = states.mutate({
    change: (s) => takeOut(s, BOT),
    fence: noFence,
    signal: AbortSignal.timeout(20_000),
  });
  const waiting = mutate(states, (s) => takeOut(s, 'uid-0-bot-1')).catch((err: unknown) => err);
  await states.close();
  await states.close();
  expect((await slow).changed).toBe(true);
  expect(await waiting).toMatchObject({ code: 'POOL_STATE_CLOSED' });
  await expect(mutate(states, (s) => s)).rejects.toMatchObject({ code: 'POOL_STATE_CLOSED' });
});

/** A bot that two lists name, one that only a list names, one whose mapping names another's pool, a pool whose
 * container bears another user's name, ids that begin with one another. */
function entangled(): PoolState {
  const base = samplePoolState(9);
  const [first, second] = [base.pools['uid-0-pool-1'], base.pools['uid-1-pool-1']];
  if (first === undefined || second === undefined) throw new Error('the sample lost its pools');
  return {
    ...base,
    pools: {
      ...base.pools,
      'uid-0-pool-1': {
        ...first,
        capacity: 9,
        bots: [...first.bots, 'uid-1-bot-2', 'uid-1-bot-9'],
      },
      'uid-1-pool-1': { ...second, capacity: 9 },
      'uid-1-pool-2': { ...samplePool('uid-1', []), id: 'uid-1-pool-2', userId: 'uid-9' },
    },
    botMapping: {
      ...base.botMapping,
      'uid-2-bot-1': { ...sampleMapping('uid-2', 'uid-2-bot-1', 0), poolId: 'uid-0-pool-1' },
      'uid-1-bot-12': { ...sampleMapping('uid-2', 'uid-1-bot-12', 0), poolId: 'nowhere' },
    },
  };
}

async function readPart(states: PoolStates, about?: PoolScope): Promise<PoolState> {
  const signal = AbortSignal.timeout(20_000);
  const answer = await states.read(about === undefined ? { signal } : { signal, about });
  if (answer.status === 'unknown') throw new Error(answer.reason);
  return answer.items;
}
