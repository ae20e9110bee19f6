// Health's memory on a real MongoDB: who is heard of several that write, and what the gauges and owners read.

import { describe, expect, it } from 'vitest';
import { toInstanceId, toUserId } from '../../src/domain/ids.ts';
import {
  type BotHealths,
  botHealthKey,
  type HealthWrite,
  type RecordedHealth,
} from '../../src/health/bot-healths.ts';
import { createMongoBotEvents } from '../../src/health/mongodb/bot-events.ts';
import { createMongoBotHealths } from '../../src/health/mongodb/bot-healths.ts';
import { HEALTH_INDEXES } from '../../src/health/mongodb/health-indexes.ts';
import { createMongoHealthRounds } from '../../src/health/mongodb/health-rounds.ts';
import { createMongoOwners } from '../../src/health/mongodb/owners.ts';
import { migrate } from '../../src/main/migration/migration.ts';
import { createTestDatabase } from '../support/database.ts';
import { putUser } from '../support/users.ts';

const USER = toUserId('00000000000000000000000a');

function writeOf(n: number, base: string | null, failures = 0): HealthWrite {
  const instanceId = `uid-a-bot-${n}`;
  return {
    key: botHealthKey('uid-a-pool-1', instanceId),
    instanceId,
    userId: USER,
    poolKey: 'uid-a-pool-1',
    incarnationId: '2026-10-02T09:30:00.000Z',
    memory: {
      state: failures === 0 ? 'healthy' : 'failing',
      sinceMs: 1_000,
      failures,
      restarts: 0,
      lastRestartMs: null,
      hasGivenUp: false,
      healthySinceMs: null,
    },
    program: 'RUNNING',
    observedAtMs: 1_000,
    base,
  };
}

async function writtenOn(healths: BotHealths, n: number): Promise<RecordedHealth | undefined> {
  const { key } = writeOf(n, null);
  return (await healths.read([key])).get(key);
}

describe('the memory', () => {
  it('20 writers on one write: one is heard, what it wrote is what stands there', async () => {
    const healths = createMongoBotHealths(await createTestDatabase());
    let base: string | null = null;
    for (let round = 0; round < 3; round += 1) {
      const persisted = await Promise.all(
        Array.from({ length: 20 }, (_, n) => healths.save([writeOf(1, base, n)])),
      );
      const winners = persisted.flatMap((keys, n) => (keys.size === 1 ? [n] : []));
      expect(winners, `in round ${round}`).toHaveLength(1);
      const found = await writtenOn(healths, 1);
      expect(found).toMatchObject({ memory: { failures: winners[0] } });
      expect(found?.writeId).not.toBe(base);
      base = found?.writeId ?? null;
    }
  });

  it('an attempt that was never tried: given back once, and what was decided beside it is not heard', async () => {
    const healths = createMongoBotHealths(await createTestDatabase());
    const ordered = writeOf(1, null);
    const memory = { ...ordered.memory, restarts: 2, lastRestartMs: 1_000 };
    await healths.save([{ ...ordered, memory }, writeOf(2, null)]);
    const base = (await writtenOn(healths, 1))?.writeId ?? null;
    const bot = { userId: USER, instanceId: toInstanceId(ordered.instanceId) };
    await healths.giveBack(bot, 2);
    await healths.giveBack(bot, 2);
    expect((await writtenOn(healths, 1))?.memory).toEqual({ ...memory, restarts: 1 });
    expect(await healths.save([writeOf(1, base)])).toEqual(new Set());
    expect(await writtenOn(healths, 2)).toMatchObject({ memory: { restarts: 0 } });
  });

  it('a bulk of which some are stale: the others are heard', async () => {
    const healths = createMongoBotHealths(await createTestDatabase());
    await healths.save([writeOf(1, null), writeOf(2, null)]);
    const persisted = await healths.save([
      writeOf(1, (await writtenOn(healths, 1))?.writeId ?? null),
      writeOf(2, 'an older one'),
      writeOf(2, null),
      writeOf(3, null),
    ]);
    expect([...persisted].sort()).toEqual([writeOf(1, null).key, writeOf(3, null).key]);
  });

  it('forgotten and made anew meanwhile: what was decided on the old memory is not heard', async () => {
    const healths = createMongoBotHealths(await createTestDatabase());
    await healths.save([writeOf(1, null, 1)]);
    const old = (await writtenOn(healths, 1))?.writeId ?? null;
    await healths.keepOnly([], []);
    await healths.save([writeOf(1, null)]);
    expect(await healths.save([writeOf(1, old, 2)])).toEqual(new Set());
    expect(await writtenOn(healths, 1)).toMatchObject({ memory: { failures: 0 } });
  });

  it('touched, forgotten, counted: by its key alone', async () => {
    const healths = createMongoBotHealths(await createTestDatabase());
    await healths.save([writeOf(1, null), writeOf(2, null, 1), writeOf(3, null)]);
    await healths.touch([writeOf(1, null).key], 5_000);
    await healths.keepOnly([writeOf(1, null).key, writeOf(2, null).key], []);
    const found = await healths.ofUser(USER);
    expect(found.map(({ instanceId, observedAtMs }) => [instanceId, observedAtMs])).toEqual([
      ['uid-a-bot-1', 5_000],
      ['uid-a-bot-2', 1_000],
    ]);
    const { bots } = await healths.summary();
    expect([bots.get('healthy'), bots.get('failing'), bots.get('given-up')]).toEqual([1, 1, 0]);
  });
});

describe('rounds', () => {
  it('one at a time; free when ended, and when its holder is gone; an old end changes nothing', async () => {
    const db = await createTestDatabase();
    const [one, other] = [createMongoHealthRounds(db), createMongoHealthRounds(db)];
    const begun = await Promise.all(
      Array.from({ length: 10 }, (_, n) => (n % 2 === 0 ? one : other).begin(60_000)),
    );
    const [round, ...more] = begun.flatMap((found) => found ?? []);
    expect(more).toEqual([]);
    expect(await one.lastCompleteSecondsAgo()).toBeNull();
    await round?.end({ isComplete: true });
    expect(await one.lastCompleteSecondsAgo()).toBeGreaterThanOrEqual(0);
    // Its holder dies at once.
    const dead = await one.begin(0);
    const next = await other.begin(60_000);
    expect([dead, next]).not.toContain(null);
    await dead?.end({ isComplete: true });
    expect(await one.begin(60_000)).toBeNull();
  });
});

describe('events and owners', () => {
  it('told twice: stands once; pages follow each other; forgotten by an index', async () => {
    const db = await createTestDatabase();
    const report = await migrate(db, HEALTH_INDEXES);
    expect(report.constraints.every(({ status }) => status !== 'missing')).toBe(true);
    const events = createMongoBotEvents(db);
    const bot = { userId: USER, instanceId: 'uid-a-bot-1', jobId: null, detail: null };
    const all = Array.from({ length: 5 }, (_, n) => {
      return { ...bot, id: `event-${n}`, type: 'failed' as const, atMs: 1_900_000_000_000 };
    });
    await events.add(all);
    await events.add(all.map((event) => ({ ...event, type: 'healthy' as const })));
    const ids: string[] = [];
    let cursor: string | null = null;
    do {
      const page = { limit: 2, ...(cursor !== null && { cursor }) };
      const found = await events.page(USER, bot.instanceId, page);
      ids.push(...found.events.map(({ id, type }) => `${id} ${type}`));
      cursor = found.nextCursor;
    } while (cursor !== null);
    expect(ids).toEqual([4, 3, 2, 1, 0].map((n) => `event-${n} failed`));
    await events.add([
      { ...bot, id: 'event-5', type: 'healthy', atMs: 1_900_000_001_000 },
      { ...bot, id: 'event-6', instanceId: 'uid-a-bot-3', type: 'stopped', atMs: 1_000 },
    ]);
    expect([...(await events.newest(USER))].sort()).toEqual([
      ['uid-a-bot-1', { type: 'healthy', atMs: 1_900_000_001_000 }],
      ['uid-a-bot-3', { type: 'stopped', atMs: 1_000 }],
    ]);
    expect((await events.page(USER, 'uid-a-bot-2', { limit: 5 })).events).toEqual([]);
  });

  it('a user by firebaseUid and by _id; a name of two users is nobody’s', async () => {
    const db = await createTestDatabase();
    const owners = createMongoOwners(db);
    const alice = await putUser(db, { balance: 1, bots: {}, firebaseUid: 'alice' });
    const mallory = await putUser(db, { balance: 1, bots: {}, firebaseUid: alice });
    const found = await owners.find(['alice', alice, mallory, 'nobody']);
    expect([...found.keys()].sort()).toEqual(['alice', mallory].sort());
    expect(found.get('alice')).toEqual({ userId: alice, firebaseUid: 'alice' });
  });
});
