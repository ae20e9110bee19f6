// What every implementation of the HostRecords port must do (I4).

import type { Db } from 'mongodb';
import { describe, expect, it } from 'vitest';
import {
  type HostContents,
  type HostRecords,
  MAX_REMEMBERED,
} from '../../src/bots/hosts/mongo-host-records.ts';
import { createTestDatabase } from '../support/database.ts';
import { waitFor } from '../support/wait-for.ts';

const MOMENT = expect.stringMatching(/^\d{4}-.*Z$/);

export function describeHostRecords(name: string, create: (db: Db) => HostRecords): void {
  const setUp = async () => create(await createTestDatabase());
  const recordOf = async (records: HostRecords, host = 'east') =>
    (await records.find([host])).get(host);
  const idsOf = async (records: HostRecords) =>
    (await recordOf(records))?.observedBots.map(({ instanceId }) => instanceId).toSorted();
  const of = (instanceIds: readonly string[], owners: readonly string[] = []) =>
    instanceIds.map((instanceId) => ({ instanceId, owners }));
  /** A listing of a moment, with nothing beside it. */
  const noteListing = async (records: HostRecords, host: string, contents: HostContents) =>
    records.noteListing(host, contents, await recordOf(records, host));
  const many = (count: number, prefix = 'bot') =>
    Array.from({ length: count }, (_, n) => `${prefix}-${n}`);

  describe(name, () => {
    it('hosts that were noted are found, each with its own; the others are missing', async () => {
      const records = await setUp();
      expect(await records.find(['east'])).toEqual(new Map());
      await noteListing(records, 'east', {
        bots: of(['a', 'b.c', '$d']),
        count: 3,
        isPartial: false,
      });
      await records.recordObserved('west', of(['e']));
      const found = await records.find(['east', 'west', 'north']);
      expect([...found.keys()].sort()).toEqual(['east', 'west']);
      expect(found.get('east')).toEqual({
        observedBots: ['a', 'b.c', '$d'].map((instanceId) => ({
          instanceId,
          owners: [],
          observedAt: MOMENT,
        })),
        count: 3,
        observedAt: MOMENT,
        confirmedEmptyAt: null,
        confirmedBy: null,
      });
    });

    it('a host that has shown a bot: no stranger, and nothing else of its record changes', async () => {
      const records = await setUp();
      await records.noteShown('east');
      expect(await recordOf(records)).toEqual({
        ...{ observedBots: [], count: 0, observedAt: MOMENT },
        ...{ confirmedEmptyAt: null, confirmedBy: null },
      });
      await records.recordObserved('east', of(['a']));
      await records.confirmEmpty('west', { by: 'admin:ann', reason: 'new' });
      const before = await records.find(['east', 'west']);
      await records.noteShown('east');
      await records.noteShown('west');
      expect(await records.find(['east', 'west'])).toEqual(before);
    });

    it('a listing replaces what was remembered; a listing of nothing erases nothing', async () => {
      const records = await setUp();
      await noteListing(records, 'east', { bots: of(['a', 'b']), count: 2, isPartial: false });
      await noteListing(records, 'east', { bots: of(['b', 'c']), count: 2, isPartial: false });
      const before = await recordOf(records);
      await noteListing(records, 'east', { bots: [], count: 0, isPartial: false });
      await records.recordObserved('east', []);
      expect(await recordOf(records)).toEqual(before);
      expect(await idsOf(records)).toEqual(['b', 'c']);
    });

    it('bots that are seen while a host is listed: newer than the listing, and remembered beside it (I4)', async () => {
      const records = await setUp();
      await records.recordObserved('east', of(['gone', 'stays']));
      const before = await recordOf(records);
      await records.recordObserved('east', of(['made']));
      const contents = { bots: of(['stays']), count: 1, isPartial: false };
      await records.noteListing('east', contents, before);
      expect(await idsOf(records)).toEqual(['made', 'stays']);
      expect(await recordOf(records)).toMatchObject({ count: 2 });
      await records.recordObserved('west', of(['made']));
      await records.noteListing('west', contents, undefined);
      expect((await recordOf(records, 'west'))?.observedBots).toHaveLength(2);
    });

    it('a bot that stands twice on a host: one bot, which can be found gone', async () => {
      const records = await setUp();
      const contents = { bots: of(['a', 'b', 'a']), count: 3, isPartial: false };
      await noteListing(records, 'east', contents);
      expect(await recordOf(records)).toMatchObject({ count: 2 });
      expect(await idsOf(records)).toEqual(['a', 'b']);
    });

    it('two users hold one id on a host: two bots, each with its owner; a name read twice is one (I4)', async () => {
      const records = await setUp();
      const ownersOf = async () =>
        (await recordOf(records))?.observedBots.map(({ owners }) => owners).toSorted();
      const bots = [
        ...of(['a'], ['ann', 'bob']),
        ...of(['a'], ['ann']),
        ...of(['a'], ['bob', 'ann']),
      ];
      await noteListing(records, 'east', { bots, count: 3, isPartial: false });
      await records.recordObserved('east', of(['a'], ['ann']));
      expect(await ownersOf()).toEqual([['ann'], ['ann', 'bob']]);
      expect(await recordOf(records)).toMatchObject({ count: 2 });
    });

    it('a listing that pools are missing from: only adds to what was remembered', async () => {
      const records = await setUp();
      await noteListing(records, 'east', { bots: of(['a', 'b']), count: 2, isPartial: false });
      await noteListing(records, 'east', { bots: of(['b', 'c']), count: 2, isPartial: true });
      expect(await idsOf(records)).toEqual(['a', 'b', 'c']);
      expect(await recordOf(records)).toMatchObject({ count: 3 });
      await noteListing(records, 'east', { bots: of(['c']), count: 7, isPartial: true });
      expect(await recordOf(records)).toMatchObject({ count: 7 });
    });

    it('bots seen in single observations are added; one that is seen again is newer than the others', async () => {
      const records = await setUp();
      await noteListing(records, 'east', { bots: of(['a', 'b']), count: 2, isPartial: false });
      const before = await recordOf(records);
      const after = await waitFor('a later moment', async () => {
        await records.recordObserved('east', of(['b', 'c', 'c']));
        const record = await recordOf(records);
        return record?.observedAt !== before?.observedAt && record;
      });
      expect(after).toMatchObject({ count: 3 });
      expect(await idsOf(records)).toEqual(['a', 'b', 'c']);
      const momentOf = (id: string) =>
        after?.observedBots.find(({ instanceId }) => instanceId === id)?.observedAt;
      expect(momentOf('a')).toBe(before?.observedAt);
      expect(momentOf('b')).toBe(after?.observedAt);
      expect(String(momentOf('b')) > String(momentOf('a'))).toBe(true);
    });

    it('more bots than are remembered: counted all the same, and never fewer than there were', async () => {
      const records = await setUp();
      await noteListing(records, 'east', {
        bots: of(many(1_500)),
        count: 1_500,
        isPartial: false,
      });
      expect(await recordOf(records)).toMatchObject({ count: 1_500 });
      expect(await idsOf(records)).toHaveLength(MAX_REMEMBERED);
      await records.recordObserved('east', of(['new']));
      expect(await recordOf(records)).toMatchObject({ count: 1_500 });
      expect(await idsOf(records)).toContain('new');
      await noteListing(records, 'west', {
        bots: of(many(MAX_REMEMBERED)),
        count: 1_000,
        isPartial: false,
      });
      await records.recordObserved('west', of(many(5, 'more')));
      const west = await recordOf(records, 'west');
      expect(west?.count).toBe(1_005);
      expect(west?.observedBots).toHaveLength(MAX_REMEMBERED);
    });

    it('confirmed to be empty: all sightings end, who and why is kept; a later sighting ends it', async () => {
      const records = await setUp();
      await noteListing(records, 'east', { bots: of(['a']), count: 1, isPartial: false });
      const reason = 'new disk; $notAPath';
      const confirmed = await records.confirmEmpty('east', { by: 'admin:ann', reason });
      expect(confirmed).toEqual({
        observedBots: [],
        count: 0,
        observedAt: MOMENT,
        confirmedEmptyAt: MOMENT,
        confirmedBy: 'admin:ann',
      });
      expect(await recordOf(records)).toEqual(confirmed);
      await noteListing(records, 'east', { bots: [], count: 0, isPartial: false });
      expect(await recordOf(records)).toEqual(confirmed);
      for (const note of [
        () => records.recordObserved('east', of(['b'])),
        () => noteListing(records, 'east', { bots: of(['b']), count: 1, isPartial: false }),
      ]) {
        await records.confirmEmpty('east', { by: 'admin:ann', reason });
        await note();
        expect(await recordOf(records)).toMatchObject({ count: 1, confirmedEmptyAt: null });
      }
    });

    it('a host that was never noted can be confirmed; twenty at once are one record', async () => {
      const records = await setUp();
      await Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          records.confirmEmpty('east', { by: `admin:${n}`, reason: 'empty' }),
        ),
      );
      expect(await recordOf(records)).toMatchObject({
        observedAt: null,
        count: 0,
        observedBots: [],
      });
      await Promise.all(many(20).map((id) => records.recordObserved('east', of([id]))));
      expect(await idsOf(records)).toEqual(many(20).toSorted());
    });
  });
}
