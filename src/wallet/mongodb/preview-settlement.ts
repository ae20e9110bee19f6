// What settlements would come to, computed by the database with the same rules as the settlement itself: the
// amounts rounded once, half-even, to cents, and the sums in Decimal128. A read; nothing is promised by it.

import { majorityCollection, runRepeatable } from '@reclaim/saga/mongodb';
import { type Db, Decimal128, type Document, ObjectId } from 'mongodb';
import { type InstanceId, toInstanceId, type UserId } from '../../domain/ids.ts';
import type { SettlementPreview } from '../wallets.ts';
import {
  ALLOCATIONS,
  type Expression,
  isMoneyValue,
  literal,
  valueFoundIn,
} from './wallet-expressions.ts';

const BALANCE = '$paperWallet.balance';
const ZERO = Decimal128.fromString('0');

/** @throws UnavailableError. */
export async function previewSettlement(
  db: Db,
  userId: UserId,
  instanceIds: readonly InstanceId[],
): Promise<SettlementPreview> {
  const [found] = await runRepeatable(() =>
    majorityCollection<Document>(db, 'users')
      .aggregate([
        { $match: { _id: new ObjectId(userId) } },
        { $project: { balance: BALANCE, bots: payable(instanceIds) } },
        { $set: { total: { $reduce: { input: '$bots', initialValue: ZERO, in: ADDED } } } },
        {
          $project: {
            bots: { $map: { input: '$bots', as: 'bot', in: SHOWN } },
            totalMinor: { $toDouble: { $multiply: ['$total', 100] } },
            newBalance: {
              $cond: [
                isMoneyValue('$balance'),
                { $toDouble: { $add: [{ $toDecimal: '$balance' }, '$total'] } },
                null,
              ],
            },
          },
        },
      ])
      .toArray(),
  );
  if (found === undefined) return { bots: [], totalMinor: 0, newBalance: null };
  const bots: Document[] = found.bots;
  return {
    bots: bots.map(({ id, botName, amount, pnl }) => ({
      instanceId: toInstanceId(id),
      botName: typeof botName === 'string' ? botName : '',
      amount,
      pnl,
    })),
    totalMinor: found.totalMinor,
    newBalance: found.newBalance,
  };
}

const ADDED = { $add: ['$$value', '$$this.amount'] };

const SHOWN = {
  id: '$$bot.id',
  botName: '$$bot.botName',
  amount: { $toDouble: '$$bot.amount' },
  pnl: { $toDouble: { $round: [{ $subtract: ['$$bot.amount', '$$bot.allocated'] }, 2] } },
};

function payable(instanceIds: readonly InstanceId[]): Expression {
  const value = valueFoundIn('$$bot.v');
  const isPayable = {
    $and: [
      { $in: ['$$bot.k', literal(instanceIds)] },
      isMoneyValue('$$bot.v.allocatedAmount'),
      isMoneyValue(value),
    ],
  };
  return {
    $map: {
      input: {
        $filter: { input: { $objectToArray: ALLOCATIONS }, as: 'bot', cond: isPayable },
      },
      as: 'bot',
      in: {
        id: '$$bot.k',
        botName: '$$bot.v.botName',
        amount: { $abs: { $round: [{ $toDecimal: value }, 2] } },
        allocated: { $toDecimal: '$$bot.v.allocatedAmount' },
      },
    },
  };
}
