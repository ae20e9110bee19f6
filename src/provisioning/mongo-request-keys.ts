// What an Idempotency-Key stands for. The key is bound to a saga's id before there is a saga: every request with the same
// key, at the same time or after a crash, begins that one saga or finds it (I8). One document a user and key, made by the
// first request and never changed; the database's TTL forgets it.

import { createHash } from 'node:crypto';
import { type SagaId, toSagaId } from '@reclaim/saga';
import { type IndexDeclaration, majorityCollection, runUpsert } from '@reclaim/saga/mongodb';
import type { Db, Document } from 'mongodb';
import type { UserId } from '../domain/ids.ts';

export interface RequestBinding {
  readonly userId: UserId;
  /** `requestName`. */
  readonly name: string;
  /** The request's content: the same for the same request only. */
  readonly fingerprint: string;
  /** Taken where the name is new. */
  readonly sagaId: SagaId;
}

export type BoundRequest =
  | {
      readonly status: 'bound';
      readonly sagaId: SagaId;
      /** Whether its saga, where there is none, can never have begun: no saga is forgotten within this time. Else it may
       * have begun, ended and been forgotten. */
      readonly isYoung: boolean;
    }
  /** The key was used for another request. */
  | { readonly status: 'other-request' };

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

interface KeyDocument extends Document {
  readonly _id: string;
  readonly fingerprint: string;
  readonly sagaId: string;
  readonly createdAt: Date;
  /** The database's time at this answer. */
  readonly askedAt: Date;
}

export type RequestKeys = ReturnType<typeof createMongoRequestKeys>;

export function createMongoRequestKeys(db: Db) {
  return {
    /** Binds the request's name, if it is new, and says what it is bound to. Forgotten after 48 hours: by then the saga
     * that it is bound to is found by that name, for as long as it is kept. */
    bind: async (binding: RequestBinding): Promise<BoundRequest> => {
      const found = await insertOrFind(db, binding);
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
  db: Db,
  { userId, name, fingerprint, sagaId }: RequestBinding,
): Promise<KeyDocument> {
  const made = { userId, fingerprint, sagaId, createdAt: '$$NOW' };
  const document = { ...made, expireAt: { $add: ['$$NOW', KEPT_FOR_MS] } };
  const isNew = { $eq: [{ $type: '$sagaId' }, 'missing'] };
  return runUpsert(() =>
    majorityCollection<KeyDocument>(db, COLLECTION).findOneAndUpdate(
      { _id: name },
      [
        { $replaceWith: { $cond: [isNew, { $mergeObjects: ['$$ROOT', document] }, '$$ROOT'] } },
        { $set: { askedAt: '$$NOW' } },
      ],
      { upsert: true, returnDocument: 'after' },
    ),
  );
}

/** What a request that carries an Idempotency-Key is called where it is remembered: beside the key, and in the saga that
 * answers it. A hash, because the key is text of a client's choosing. */
export function requestName(userId: UserId, key: string): string {
  return `${userId}/${createHash('sha256').update(key).digest('hex')}`;
}
