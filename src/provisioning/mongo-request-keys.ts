// Idempotency keys in MongoDB: one document a user and key, made by the first request and never changed; the database's
// TTL forgets it.

import { toSagaId } from '@reclaim/saga';
import { type IndexDeclaration, runUpsert } from '@reclaim/saga/mongodb';
import type { Connection, mongo } from 'mongoose';
import { nativeCollection } from '../infra/mongodb/native.ts';
import type { RequestBinding, RequestKeys } from './request-keys.ts';

const COLLECTION = 'requestKeys';
/** How long a client may take to repeat a request. */
const KEPT_FOR_MS = 48 * 3_600_000;
/** The shortest time for which an ended saga is kept (SAGA_RETENTION_DAYS). */
const SHORTEST_RETENTION_MS = 24 * 3_600_000;

export const REQUEST_KEY_INDEXES: readonly IndexDeclaration[] = [
  {
    collection: COLLECTION,
    name: 'forget_after_two_days',
    key: { expireAt: 1 },
    expireAfterSeconds: 0,
  },
];

interface KeyDocument extends mongo.Document {
  readonly _id: string;
  readonly fingerprint: string;
  readonly sagaId: string;
  readonly createdAt: Date;
  /** The database's time at this answer. */
  readonly askedAt: Date;
}

export function createMongoRequestKeys(connection: Connection): RequestKeys {
  return {
    bind: async (binding) => {
      const found = await insertOrFind(connection, binding);
      return found.fingerprint === binding.fingerprint
        ? { status: 'bound', sagaId: toSagaId(found.sagaId), isYoung: isYoung(found) }
        : { status: 'other-request' };
    },
  };
}

function isYoung({ createdAt, askedAt }: KeyDocument): boolean {
  return askedAt.getTime() - createdAt.getTime() < SHORTEST_RETENTION_MS;
}

// Repeating it after a lost answer finds what the first one made.
async function insertOrFind(
  connection: Connection,
  { userId, name, fingerprint, sagaId }: RequestBinding,
): Promise<KeyDocument> {
  const made = { userId, fingerprint, sagaId, createdAt: '$$NOW' };
  const document = { ...made, expireAt: { $add: ['$$NOW', KEPT_FOR_MS] } };
  const isNew = { $eq: [{ $type: '$sagaId' }, 'missing'] };
  return runUpsert(() =>
    nativeCollection<KeyDocument>(connection, COLLECTION).findOneAndUpdate(
      { _id: name },
      [
        { $replaceWith: { $cond: [isNew, { $mergeObjects: ['$$ROOT', document] }, '$$ROOT'] } },
        { $set: { askedAt: '$$NOW' } },
      ],
      { upsert: true, returnDocument: 'after' },
    ),
  );
}
