// The numbers of new bots, one sequence a user. A number is given out once, and never one that was in use before,
// whichever program made that bot: what is left of it (tombstones, ledger entries, data folders) goes by the same id. One
// counter a firebaseUid, raised by one atomic update over what the user's own documents show. The maxima are computed by
// the database; an id stands only in literals and ranges.

import { majorityCollection, runRepeatable, runUpsert } from '@reclaim/saga/mongodb';
import { type Db, type Document, ObjectId } from 'mongodb';
import type { FirebaseUid, UserId } from '../domain/ids.ts';
import { BOT_NUMBER, botPrefix } from '../pool-state/numbered-bots.ts';
import {
  ALLOCATIONS,
  type Expression,
  literal,
  ROWS,
} from '../wallet/mongodb/wallet-expressions.ts';

/** Sorts after every character that an id may hold. */
const AFTER_ALL = '\uffff';

interface Counter extends Document {
  readonly _id: string;
  readonly last: number;
}

export type BotNumbers = ReturnType<typeof createMongoBotNumbers>;

export function createMongoBotNumbers(db: Db) {
  return {
    /** The next number: above every one given out, above `above`, and above all that the user's allocations,
     * transactions, ledger entries and tombstones know. A call whose answer is lost costs a number. */
    next: async ({
      userId,
      firebaseUid,
      above,
    }: {
      readonly userId: UserId;
      readonly firebaseUid: FirebaseUid;
      /** The highest that the caller has seen elsewhere; 0 for none. */
      readonly above: number;
    }): Promise<number> => {
      const observed = await Promise.all([
        highestOfUser(db, userId, firebaseUid),
        highestIn(db, 'ledger', 'botId', userId, firebaseUid),
        highestIn(db, 'tombstones', 'instanceId', userId, firebaseUid),
      ]);
      return raise(db, firebaseUid, Math.max(above, ...observed));
    },
  };
}

async function raise(db: Db, firebaseUid: FirebaseUid, observed: number): Promise<number> {
  const counter = await runUpsert(() =>
    majorityCollection<Counter>(db, 'botNumbers').findOneAndUpdate(
      { _id: firebaseUid },
      [{ $set: { last: { $add: [{ $max: ['$last', observed] }, 1] } } }],
      { upsert: true, returnDocument: 'after' },
    ),
  );
  return counter.last;
}

async function highestOfUser(db: Db, userId: UserId, firebaseUid: FirebaseUid): Promise<number> {
  const ids = { $map: { input: { $objectToArray: ALLOCATIONS }, as: 'bot', in: '$$bot.k' } };
  const rows = { $map: { input: ROWS, as: 'row', in: '$$row.botId' } };
  const all = { $concatArrays: [ids, rows] };
  const numbers = { $map: { input: all, as: 'id', in: numberIn('$$id', firebaseUid) } };
  const user = await runRepeatable(() =>
    majorityCollection<Document>(db, 'users').findOne(
      { _id: new ObjectId(userId) },
      { projection: { _id: 0, highest: { $max: numbers } } },
    ),
  );
  return Number(user?.highest ?? 0);
}

async function highestIn(
  db: Db,
  collection: 'ledger' | 'tombstones',
  field: 'botId' | 'instanceId',
  userId: UserId,
  firebaseUid: FirebaseUid,
): Promise<number> {
  const prefix = botPrefix(firebaseUid);
  const [found] = await runRepeatable(() =>
    majorityCollection<Document>(db, collection)
      .aggregate([
        { $match: { userId, [field]: { $gte: prefix, $lt: `${prefix}${AFTER_ALL}` } } },
        { $group: { _id: null, highest: { $max: numberIn(`$${field}`, firebaseUid) } } },
      ])
      .toArray(),
  );
  return Number(found?.highest ?? 0);
}

/** The number of an id of this user's; null for any other text. */
function numberIn(id: string, firebaseUid: FirebaseUid): Expression {
  const prefix = botPrefix(firebaseUid);
  const length = Buffer.byteLength(prefix);
  const digits = { $substrBytes: [id, length, -1] };
  const isOwn = {
    $and: [
      { $eq: [{ $type: id }, 'string'] },
      { $eq: [{ $indexOfBytes: [id, literal(prefix)] }, 0] },
    ],
  };
  const isNumber = { $regexMatch: { input: digits, regex: BOT_NUMBER.source } };
  const number = { $cond: [isNumber, { $toDouble: digits }, null] };
  return { $cond: [isOwn, number, null] };
}
