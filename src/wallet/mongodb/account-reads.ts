// Queries about users for a page or a start. Sums are made by the database, in decimals: dollars
// stored as doubles are never added in this program.

import { runRepeatable } from '@reclaim/saga/mongodb';
import { type Connection, mongo } from 'mongoose';
import type { UserId } from '../../domain/ids.ts';
import { MAX_MONEY } from '../../domain/money.ts';
import { nativeCollection } from '../../infra/mongodb/native.ts';
import type { WalletTotals } from '../accounts.ts';

const NOTHING: WalletTotals = { allocated: 0, currentValue: 0, pnl: 0 };

/** What all allocations of a user come to; values that are not money are left out. */
export async function sumAllocations(
  connection: Connection,
  userId: UserId,
): Promise<WalletTotals> {
  const [sums] = await runRepeatable(() =>
    nativeCollection<mongo.Document>(connection, 'users')
      .aggregate([
        { $match: { _id: new mongo.ObjectId(userId) } },
        { $project: { bots: { $objectToArray: { $ifNull: ['$botAllocations', {}] } } } },
        { $project: { allocated: sumOf(ALLOCATED), currentValue: sumOf(VALUE) } },
        {
          $project: {
            _id: 0,
            allocated: { $toDouble: '$allocated' },
            currentValue: { $toDouble: '$currentValue' },
            pnl: { $toDouble: { $subtract: ['$currentValue', '$allocated'] } },
          },
        },
      ])
      .toArray(),
  );
  return sums === undefined ? NOTHING : toTotals(sums);
}

/** Which of these firebaseUids belong to a user. */
export async function findFirebaseUids(
  connection: Connection,
  uids: readonly string[],
): Promise<ReadonlySet<string>> {
  const found = await runRepeatable(() =>
    nativeCollection<mongo.Document>(connection, 'users')
      .find({ firebaseUid: { $in: [...uids] } }, { projection: { _id: 0, firebaseUid: 1 } })
      .toArray(),
  );
  return new Set(found.map(({ firebaseUid }) => String(firebaseUid)));
}

/** Whether any user holds an allocation: then a missing pool state is a loss, not a beginning. */
export async function hasAnyAllocation(connection: Connection): Promise<boolean> {
  const found = await runRepeatable(() =>
    nativeCollection<mongo.Document>(connection, 'users').findOne(
      { botAllocations: { $type: 'object', $ne: {} } },
      { projection: { _id: 1 } },
    ),
  );
  return found !== null;
}

const ALLOCATED = '$$bot.v.allocatedAmount';
const VALUE = { $ifNull: ['$$bot.v.currentValue', ALLOCATED] };

function sumOf(amount: unknown) {
  const isMoney = {
    $and: [{ $isNumber: amount }, { $gte: [amount, 0] }, { $lte: [amount, MAX_MONEY] }],
  };
  const amounts = {
    $map: {
      input: '$bots',
      as: 'bot',
      in: { $cond: [isMoney, { $toDecimal: amount }, ZERO] },
    },
  };
  return { $reduce: { input: amounts, initialValue: ZERO, in: { $add: ['$$value', '$$this'] } } };
}

const ZERO = mongo.Decimal128.fromString('0');

function toTotals({ allocated, currentValue, pnl }: mongo.Document): WalletTotals {
  return { allocated: Number(allocated), currentValue: Number(currentValue), pnl: Number(pnl) };
}
