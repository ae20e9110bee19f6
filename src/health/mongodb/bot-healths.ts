// Health's memory in MongoDB: `botHealth`, one document a bot and slot, and `poolHealth`, one a pool. A bot's write
// names in its filter the write it was decided from, so that of two workers one write lands; the same write id shows
// whose it was.

import { randomUUID } from 'node:crypto';
import { isOnlyDuplicates, majorityCollection, runRepeatable } from '@reclaim/saga/mongodb';
import type { Collection, Db, Document } from 'mongodb';
import { toUserId, type UserId } from '../../domain/ids.ts';
import { chunksOf } from '../../domain/map-bounded.ts';
import {
  type BotHealths,
  HEALTH_STATES,
  type HealthWrite,
  type PoolHealth,
  type RecordedHealth,
} from '../bot-healths.ts';

interface HealthDocument extends Omit<RecordedHealth, 'key' | 'userId'> {
  _id: string;
  userId: string | null;
}

type PoolDocument = Omit<PoolHealth, 'key'> & { _id: string };

/** Of one bulk or one question. */
const MAX_BATCH = 1_000;

export function createMongoBotHealths(db: Db): BotHealths {
  const bots = () => majorityCollection<HealthDocument>(db, 'botHealth');
  const pools = () => majorityCollection<PoolDocument>(db, 'poolHealth');
  return {
    read: async (keys) => {
      const found = new Map<string, RecordedHealth>();
      for (const part of chunksOf(keys, MAX_BATCH)) {
        const documents = await runRepeatable(() =>
          bots()
            .find({ _id: { $in: part } })
            .toArray(),
        );
        for (const document of documents) found.set(document._id, recorded(document));
      }
      return found;
    },

    save: async (writes) => {
      const saved = new Set<string>();
      for (const part of chunksOf(writes, MAX_BATCH)) {
        const writeId = randomUUID();
        await runRepeatable(() => saveAll(bots(), part, writeId));
        const ids = { $in: part.map(({ key }) => key) };
        const landed = await runRepeatable(() =>
          bots()
            .find({ _id: ids, writeId }, { projection: { _id: 1 } })
            .toArray(),
        );
        for (const { _id } of landed) saved.add(_id);
      }
      return saved;
    },

    touch: async (keys, atMs) => {
      for (const part of chunksOf(keys, MAX_BATCH)) {
        await runRepeatable(() =>
          bots().updateMany({ _id: { $in: part } }, { $set: { observedAtMs: atMs } }),
        );
      }
    },

    keepOnly: async (keys, poolKeys) => {
      await runRepeatable(() => bots().deleteMany({ _id: { $nin: [...keys] } }));
      await runRepeatable(() => pools().deleteMany({ _id: { $nin: [...poolKeys] } }));
    },

    giveBack: async ({ userId, instanceId }, attempt) => {
      const ordered = { userId, instanceId, 'memory.restarts': attempt };
      const fewer = { $set: { 'memory.restarts': attempt - 1, writeId: randomUUID() } };
      await runRepeatable(() => bots().updateMany(ordered, fewer));
    },

    readPools: async () => {
      const documents = await runRepeatable(() => pools().find().toArray());
      return new Map(documents.map(({ _id, ...pool }) => [_id, { ...pool, key: _id }]));
    },

    savePools: async (observed) => {
      for (const part of chunksOf(observed, MAX_BATCH)) {
        const writes = part.map(({ key, ...pool }) => ({
          replaceOne: { filter: { _id: key }, replacement: pool, upsert: true },
        }));
        await runRepeatable(() => pools().bulkWrite(writes, { ordered: false }));
      }
    },

    ofUser: async (userId: UserId) => {
      const documents = await runRepeatable(() => bots().find({ userId }).toArray());
      return documents.map(recorded);
    },

    summary: async () => {
      const [byState, byStatus, emptyPools] = await runRepeatable(() =>
        Promise.all([
          countBy(bots(), '$memory.state'),
          countBy(pools(), '$status'),
          pools().countDocuments({ bots: 0 }),
        ]),
      );
      return {
        bots: new Map(HEALTH_STATES.map((state) => [state, byState.get(state) ?? 0])),
        pools: new Map(
          (['running', 'stopped', 'failed'] as const).map((status) => [
            status,
            byStatus.get(status) ?? 0,
          ]),
        ),
        emptyPools,
      };
    },
  };
}

// Two that write the same new document: the second meets its key, which is an answer, not a failure.
async function saveAll(
  collection: Collection<HealthDocument>,
  writes: readonly HealthWrite[],
  writeId: string,
): Promise<void> {
  const operations = writes.map(({ key, base, ...fields }) => {
    const document = { ...fields, writeId };
    return base === null
      ? { updateOne: { filter: { _id: key }, update: { $setOnInsert: document }, upsert: true } }
      : { updateOne: { filter: { _id: key, writeId: base }, update: { $set: document } } };
  });
  await collection.bulkWrite(operations, { ordered: false }).catch((error: unknown) => {
    if (!isOnlyDuplicates(error)) throw error;
  });
}

async function countBy<T extends Document>(
  collection: Collection<T>,
  field: string,
): Promise<ReadonlyMap<string, number>> {
  const counted = await collection
    .aggregate<{ _id: string; count: number }>([{ $group: { _id: field, count: { $sum: 1 } } }])
    .toArray();
  return new Map(counted.map(({ _id, count }) => [_id, count]));
}

function recorded({ _id, userId, ...fields }: HealthDocument): RecordedHealth {
  return { ...fields, key: _id, userId: userId === null ? null : toUserId(userId) };
}
