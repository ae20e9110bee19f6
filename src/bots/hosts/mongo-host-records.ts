// The host records in MongoDB: one document per host, `_id` = its name in DOCKER_HOSTS. What was seen and what
// was confirmed are one document, so that whichever of the two was later can be told (I4).

import { RetryableError } from '@reclaim/saga';
import { runRepeatable } from '@reclaim/saga/mongodb';
import type { Connection, mongo } from 'mongoose';
import { nativeCollection } from '../../infra/mongodb/native.ts';
import { type Expression, literal } from '../../wallet/mongodb/wallet-expressions.ts';
import { type HostRecord, type HostRecords, MAX_REMEMBERED } from './host-records.ts';

export interface MongoHostRecordsDependencies {
  /** An open mongoose connection; the caller closes it. */
  readonly connection: Connection;
}

interface HostDocument extends mongo.Document {
  readonly _id: string;
}

const MAX_CONFIRMATIONS = 20;

export function createMongoHostRecords({ connection }: MongoHostRecordsDependencies): HostRecords {
  const collection = () => nativeCollection<HostDocument>(connection, 'hostRecords');
  const note = async (host: string, fields: mongo.Document) => {
    const update = [{ $set: { ...fields, ...OBSERVED_NOW } }];
    await runRepeatable(() => collection().updateOne({ _id: host }, update, { upsert: true }));
  };
  return {
    async find(hosts) {
      const documents = await runRepeatable(() =>
        collection()
          .find({ _id: { $in: [...hosts] } }, { projection: { confirmations: 0 } })
          .toArray(),
      );
      return new Map(documents.map((document) => [document._id, parseRecord(document)]));
    },

    async noteListing(host, { instanceIds, count, isPartial }) {
      const ids = [...new Set(instanceIds)];
      if (ids.length === 0) return;
      if (isPartial) return note(host, added(ids, count));
      const bots = observedNow(ids.slice(0, MAX_REMEMBERED));
      await note(host, { bots, count: Math.max(count, ids.length) });
    },

    async recordObserved(host, instanceIds) {
      const ids = [...new Set(instanceIds)];
      if (ids.length > 0) await note(host, added(ids, ids.length));
    },

    async noteShown(host) {
      const orNull = (field: string) => ({ $ifNull: [`$${field}`, null] });
      const fields = {
        bots: { $ifNull: ['$bots', []] },
        count: { $ifNull: ['$count', 0] },
        observedAt: {
          $cond: [{ $eq: [{ $type: '$bots' }, 'missing'] }, '$$NOW', orNull('observedAt')],
        },
        confirmedEmptyAt: orNull('confirmedEmptyAt'),
        confirmedBy: orNull('confirmedBy'),
        confirmedReason: orNull('confirmedReason'),
      };
      const update = [{ $set: fields }];
      await runRepeatable(() => collection().updateOne({ _id: host }, update, { upsert: true }));
    },

    async confirmEmpty(host, { by, reason }) {
      const confirmation = { at: '$$NOW', by: literal(by), reason: literal(reason) };
      const earlier = { $ifNull: ['$confirmations', []] };
      const fields = {
        bots: [],
        count: 0,
        observedAt: { $ifNull: ['$observedAt', null] },
        confirmedEmptyAt: '$$NOW',
        confirmedBy: literal(by),
        confirmedReason: literal(reason),
        confirmations: {
          $slice: [{ $concatArrays: [earlier, [confirmation]] }, -MAX_CONFIRMATIONS],
        },
      };
      const document = await runRepeatable(() =>
        collection().findOneAndUpdate({ _id: host }, [{ $set: fields }], {
          upsert: true,
          returnDocument: 'after',
        }),
      );
      if (document === null) throw new RetryableError('HOST_RECORD_LOST', `no record of ${host}`);
      return parseRecord(document);
    },
  };
}

const OBSERVED_NOW = {
  observedAt: '$$NOW',
  confirmedEmptyAt: null,
  confirmedBy: null,
  confirmedReason: null,
};

function observedNow(ids: readonly string[]): Expression {
  return { $map: { input: literal(ids), as: 'id', in: { id: '$$id', at: '$$NOW' } } };
}

function added(ids: readonly string[], count: number): mongo.Document {
  const together = { $concatArrays: [remembered(ids), observedNow(ids)] };
  return {
    // The newest of them, where they are too many.
    bots: { $slice: [together, -MAX_REMEMBERED] },
    count: { $max: ['$count', count, { $size: together }] },
  };
}

/** What was remembered before, without those that are seen again now. */
function remembered(ids: readonly string[]): Expression {
  return {
    $filter: {
      input: { $ifNull: ['$bots', []] },
      as: 'bot',
      cond: { $not: [{ $in: ['$$bot.id', literal(ids)] }] },
    },
  };
}

function parseRecord(document: mongo.Document): HostRecord {
  const { bots, count, observedAt, confirmedEmptyAt, confirmedBy, confirmedReason } = document;
  return {
    observedBots: bots.map(({ id, at }: mongo.Document) => ({
      instanceId: id,
      observedAt: at.toISOString(),
    })),
    count,
    observedAt: observedAt?.toISOString() ?? null,
    confirmedEmptyAt: confirmedEmptyAt?.toISOString() ?? null,
    confirmedBy,
    confirmedReason,
  };
}
