// Whether an empty host is believed (I4), with our own memory in MongoDB and bots that are simulated.

import type { Document } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { createConfirmHost } from '../../src/bots/hosts/confirm-host.ts';
import { createHostTrust, type PlacedBot } from '../../src/bots/hosts/host-trust.ts';
import { createMongoHostRecords } from '../../src/bots/hosts/mongo-host-records.ts';
import { createSimulatedBots } from '../../src/bots/simulator/simulated-bots.ts';
import { toInstanceId, toUserId } from '../../src/domain/ids.ts';
import { createMongoTombstones } from '../../src/tombstones/mongo-tombstones.ts';
import { NOTHING_OBSERVED } from '../../src/tombstones/tombstones.ts';
import { createMongoAccounts } from '../../src/wallet/mongodb/accounts.ts';
import { createTestDatabase } from '../support/database.ts';
import { createSimulatedWorld } from '../support/simulated-world.ts';
import { allocation, incarnationOf, putUser, SAGA_A } from '../support/users.ts';
import { waitFor } from '../support/wait-for.ts';

const HOST = 'east';
const USER = toUserId('00000000000000000000000a');
const OTHER = toUserId('00000000000000000000000b');
const ofUser = (instanceId: string) => ({ instanceId, owners: [USER] });
const YESTERDAY = new Date(Date.now() - 86_400_000).toISOString();
const TOMORROW = new Date(Date.now() + 86_400_000).toISOString();
const call = { signal: new AbortController().signal };

async function setUp() {
  const db = await createTestDatabase();
  const bots = createSimulatedBots({
    db,
    now: () => new Date(),
    hosts: [HOST, 'west'],
    deadlineMs: 1_000,
  });
  const hostRecords = createMongoHostRecords(db);
  const tombstones = createMongoTombstones({ db });
  const trust = createHostTrust({
    bots,
    hostRecords,
    tombstones,
    accounts: createMongoAccounts(db),
  });
  return {
    db,
    hostRecords,
    world: createSimulatedWorld(db),
    confirm: createConfirmHost({
      ...{ bots, hostRecords },
      unlistedHosts: {
        isListed: (host) => host === 'away',
        isRemembered: async (host) => (await hostRecords.find([host])).has(host),
      },
    }),
    judge: (placedByFile: readonly PlacedBot[] = []) => trust.judge(HOST, { placedByFile }, call),
    /** Deletes a bot as a saga does, up to the observed end. */
    removeBot: async (id: string, userId = USER) => {
      const instanceId = toInstanceId(id);
      const target = { incarnation: incarnationOf(userId, instanceId), sagaId: SAGA_A, epoch: 1 };
      const observed = { firebaseUid: null, ...NOTHING_OBSERVED, slot: null, hadAllocation: true };
      await tombstones.open({ ...target, ...observed, mayTakeOver: [] });
      await tombstones.settle(target);
      await tombstones.end(target);
      await waitFor('the end', async () => {
        const bot = { instanceId, owners: [userId], host: HOST, at: new Date(0) };
        return (await tombstones.endedAmong([bot])).size === 1;
      });
    },
  };
}

const unknown = (reason: RegExp) => ({ unknown: expect.stringMatching(reason) });

describe('an empty host', () => {
  it('that never held anything, and nothing places a bot there: trusted', async () => {
    const { judge } = await setUp();
    expect(await judge()).toBe('trusted');
  });

  it('that never held anything while there is money in bots: unknown, a neighbour with bots notwithstanding, until it is confirmed', async () => {
    const { db, confirm, judge, world } = await setUp();
    const bots = { 'a-bot-1': allocation(100, 110) };
    await putUser(db, { balance: 50, bots, firebaseUid: 'a' });
    await world.addDedicated({ instanceId: 'a-bot-1', host: 'west' });
    expect(await judge()).toEqual(unknown(/host "east" holds no container, but it has never/));
    await confirm.confirm(HOST, { by: 'admin:ann', reason: 'it is new' }, call);
    expect(await judge()).toBe('trusted');
  });

  it('that holds a single managed container: trusted, whatever is remembered or placed', async () => {
    const { judge, world, hostRecords } = await setUp();
    await hostRecords.noteListing(
      HOST,
      {
        bots: [ofUser('a-bot-1'), ofUser('a-bot-2')],
        count: 2,
        isPartial: false,
      },
      undefined,
    );
    await world.addDedicated({ instanceId: 'a-bot-9', host: HOST });
    expect(await judge([{ ...ofUser('a-bot-1'), createdAt: YESTERDAY }])).toBe('trusted');
  });

  it('where bots were seen: unknown, with a reason that names them', async () => {
    const { judge, hostRecords, world } = await setUp();
    await world.addDedicated({ instanceId: 'a-bot-9', host: 'west' });
    await hostRecords.recordObserved(HOST, [
      ofUser('a-bot-1'),
      ofUser('a-bot-2'),
      ofUser('a-bot-3'),
    ]);
    expect(await judge()).toEqual(
      unknown(/host "east" holds no container, but a-bot-1, a-bot-2 and 1 more was last seen/),
    );
  });

  it('whose bots we all removed: trusted; one of them not: unknown', async () => {
    const { judge, hostRecords, removeBot } = await setUp();
    await hostRecords.noteListing(
      HOST,
      {
        bots: [ofUser('a-bot-1'), ofUser('a-bot-2')],
        count: 2,
        isPartial: false,
      },
      undefined,
    );
    await removeBot('a-bot-1');
    expect(await judge()).toEqual(unknown(/a-bot-2 was last seen/));
    await removeBot('a-bot-2');
    expect(await judge()).toBe('trusted');
  });

  it('whose bot another user of the same id removed theirs of: unknown, by memory and by file (I4)', async () => {
    const { judge, hostRecords, removeBot } = await setUp();
    await hostRecords.recordObserved(HOST, [ofUser('x-1')]);
    await removeBot('x-1', OTHER);
    expect(await judge()).toEqual(unknown(/x-1 was last seen/));
    await removeBot('x-1');
    expect(await judge()).toBe('trusted');
    const placed = { instanceId: 'x-1', owners: [OTHER], createdAt: YESTERDAY };
    expect(await judge([placed])).toBe('trusted');
    expect(await judge([{ ...ofUser('x-2'), createdAt: YESTERDAY }])).toEqual(unknown(/places/));
    await removeBot('x-2', OTHER);
    expect(await judge([{ ...ofUser('x-2'), createdAt: YESTERDAY }])).toEqual(unknown(/places/));
  });

  it('a bot that was removed, and made anew and seen a moment after: unknown (I4)', async () => {
    const { judge, hostRecords, removeBot } = await setUp();
    await removeBot('a-bot-1');
    await hostRecords.recordObserved(HOST, [ofUser('a-bot-1')]);
    expect(await judge()).toEqual(unknown(/a-bot-1 was last seen/));
  });

  it('a bot that was removed while the host that showed it was read: trusted', async () => {
    const { judge, hostRecords, removeBot } = await setUp();
    const askedAtMs = performance.now() - 5_000;
    await removeBot('a-bot-1');
    await hostRecords.recordObserved(HOST, [ofUser('a-bot-1')], askedAtMs);
    expect(await judge()).toBe('trusted');
    const contents = { bots: [ofUser('a-bot-1')], count: 1, isPartial: false, askedAtMs };
    await hostRecords.noteListing(HOST, contents, undefined);
    expect(await judge()).toBe('trusted');
  });

  it('with more bots than can be remembered: unknown, even if all that are remembered were removed', async () => {
    const { judge, hostRecords, removeBot } = await setUp();
    await hostRecords.noteListing(
      HOST,
      { bots: [ofUser('a-bot-1')], count: 2, isPartial: false },
      undefined,
    );
    await removeBot('a-bot-1');
    expect(await judge()).toEqual(unknown(/2 bots were seen there/));
  });

  it('where the file places bots: unknown, until they are observed gone', async () => {
    const { judge, removeBot } = await setUp();
    const placed = [{ ...ofUser('a-bot-1'), createdAt: YESTERDAY }];
    expect(await judge(placed)).toEqual(unknown(/the pool state places a-bot-1 there/));
    await removeBot('a-bot-1');
    expect(await judge(placed)).toBe('trusted');
    expect(await judge([{ ...ofUser('a-bot-1'), createdAt: TOMORROW }])).toEqual(unknown(/places/));
    expect(await judge([{ ...ofUser('a-bot-1'), createdAt: 'once' }])).toEqual(unknown(/places/));
    const many = Array.from({ length: 1_001 }, (_, n) => ({
      ...ofUser(`b-${n}`),
      createdAt: YESTERDAY,
    }));
    expect(await judge(many)).toEqual(unknown(/places 1001 bots/));
  });

  it('confirmed by an administrator: trusted, for what was there before; not for what comes after', async () => {
    const { judge, hostRecords, confirm } = await setUp();
    await hostRecords.noteListing(
      HOST,
      { bots: [ofUser('a-bot-1')], count: 5, isPartial: false },
      undefined,
    );
    const placed = { ...ofUser('a-bot-1'), createdAt: YESTERDAY };
    expect(await judge([placed])).toEqual(unknown(/5 bots/));
    const confirmation = { by: 'admin:ann', reason: 'the disk was replaced' };
    expect(await confirm.confirm(HOST, confirmation, call)).toMatchObject({
      status: 'confirmed',
      record: { confirmedBy: 'admin:ann' },
    });
    expect(await judge([placed])).toBe('trusted');
    expect(await judge([placed, { ...ofUser('a-bot-2'), createdAt: TOMORROW }])).toEqual(
      unknown(/places a-bot-2 there/),
    );
    expect(await judge([{ ...placed, createdAt: 'once' }])).toEqual(unknown(/places/));
    await hostRecords.recordObserved(HOST, [ofUser('a-bot-3')]);
    expect(await judge()).toEqual(unknown(/a-bot-3 was last seen/));
  });

  it('that is not configured any more: gone by decision; missed again when it is, until it is confirmed', async () => {
    const { db, judge, hostRecords, confirm } = await setUp();
    await hostRecords.recordObserved('south', [ofUser('a-bot-1')]);
    const word = { by: 'admin:ann', reason: 'it burnt' };
    const decision = { ...word, at: expect.any(String) };
    const gone = { ...word, isGone: true };
    expect(await confirm.confirm('south', gone, call)).toEqual({ status: 'gone', decision });
    expect(await hostRecords.findGone()).toEqual(new Map([['south', decision]]));
    expect((await hostRecords.find(['south'])).get('south')?.observedBots).toHaveLength(1);
    const trail = await db
      .collection<Document & { _id: string }>('hostRecords')
      .findOne({ _id: 'south' });
    expect(trail?.confirmations).toMatchObject([{ ...word, isGone: true }]);
    await hostRecords.endGone(['south']);
    expect(await hostRecords.findGone(['south'])).toEqual(new Map());

    await hostRecords.recordObserved(HOST, [ofUser('a-bot-1')]);
    await hostRecords.decideGone(HOST, word);
    expect(await judge()).toEqual(unknown(/a-bot-1 was last seen/));
    await hostRecords.noteShown(HOST);
    expect(await hostRecords.findGone([HOST])).toEqual(new Map());
    // It is named, and only not asked at the moment.
    await hostRecords.recordObserved('away', [ofUser('a-bot-1')]);
    expect(await confirm.confirm('away', word, call)).toMatchObject({ status: 'unknown' });
  });

  it('that does not answer: unknown, with why; it cannot be confirmed either', async () => {
    const { judge, world, confirm, hostRecords } = await setUp();
    await world.injectFaults({ host: HOST }, { hang: true });
    expect(await judge()).toEqual({ unknown: expect.any(String) });
    const confirmation = { by: 'admin:ann', reason: 'I think so' };
    expect(await confirm.confirm(HOST, confirmation, call)).toMatchObject({ status: 'unknown' });
    expect(await hostRecords.find([HOST])).toEqual(new Map());
  });

  it('a host that is not empty, or not ours: not confirmed', async () => {
    const { world, confirm, hostRecords } = await setUp();
    await world.addDedicated({ instanceId: 'a-bot-9', host: HOST });
    const confirmation = { by: 'admin:ann', reason: 'I think so' };
    expect(await confirm.confirm(HOST, confirmation, call)).toEqual({ status: 'not-empty' });
    expect(await confirm.confirm('north', confirmation, call)).toEqual({
      status: 'no-such-host',
      hosts: [HOST, 'west'],
    });
    expect(await hostRecords.find([HOST, 'north'])).toEqual(new Map());
  });
});
