// The events of bots in MongoDB: `botEvents`, forgotten by a TTL index after a month.

import { majorityCollection, runRepeatable } from '@reclaim/saga/mongodb';
import type { Db } from 'mongodb';
import { toUserId } from '../../domain/ids.ts';
import { chunksOf } from '../../domain/map-bounded.ts';
import { olderThan, parseCursor, printCursor } from '../../wallet/mongodb/ledger-cursor.ts';
import type { BotEvent, BotEventPage, BotEvents } from '../bot-events.ts';

interface EventDocument extends Omit<BotEvent, 'id' | 'userId' | 'atMs'> {
  _id: string;
  userId: string;
  at: Date;
}

const MAX_BATCH = 1_000;

export function createMongoBotEvents(db: Db): BotEvents {
  const collection = () => majorityCollection<EventDocument>(db, 'botEvents');
  return {
    add: async (events) => {
      for (const batch of chunksOf(events, MAX_BATCH)) {
        const writes = batch.map(({ id, atMs, ...event }) => ({
          updateOne: {
            filter: { _id: id },
            update: { $setOnInsert: { ...event, at: new Date(atMs) } },
            upsert: true,
          },
        }));
        await runRepeatable(() => collection().bulkWrite(writes, { ordered: false }));
      }
    },

    newest: async (userId) => {
      const found = await runRepeatable(() =>
        collection()
          .aggregate<{ _id: string; type: BotEvent['type']; at: Date }>([
            { $match: { userId } },
            { $sort: { userId: 1, instanceId: 1, at: -1, _id: -1 } },
            {
              $group: { _id: '$instanceId', type: { $first: '$type' }, at: { $first: '$at' } },
            },
          ])
          .toArray(),
      );
      return new Map(found.map(({ _id, type, at }) => [_id, { type, atMs: at.getTime() }]));
    },

    page: async (userId, instanceId, { limit, cursor }): Promise<BotEventPage> => {
      const after = cursor === undefined ? undefined : parseCursor(cursor);
      const found = await runRepeatable(() =>
        collection()
          .find({ userId, instanceId, ...olderThan(after) })
          .sort({ at: -1, _id: -1 })
          .limit(limit + 1)
          .toArray(),
      );
      const page = found.slice(0, limit);
      const last = found.length > limit ? page.at(-1) : undefined;
      return {
        events: page.map(({ _id, at, userId: user, ...event }) => ({
          ...event,
          id: _id,
          userId: toUserId(user),
          atMs: at.getTime(),
        })),
        nextCursor: last === undefined ? null : printCursor({ at: last.at, id: last._id }),
      };
    },
  };
}
