// An allocation that was settled and came back, because another program saved an old copy over it, on its way out of
// the document or into a new incarnation. I2: nothing is paid here, and nothing that may still be owed is touched: that
// it was settled stands in the condition of the write, or was read from the ledger, which never forgets. A lock of a
// saga that may still work on it refuses both.

import { ObjectId } from 'mongodb';
import { type Incarnation, isDated, settlementOpId } from '../../domain/incarnation.ts';
import type { ResurrectedResult, ResurrectedTarget, Wallets } from '../wallets.ts';
import type { BotPast, FindBotPast } from './bot-pasts.ts';
import { decide } from './decide-command.ts';
import { isOldCopy, isSettledIncarnation } from './prior-settlements.ts';
import type { ConditionalUpdate } from './settle-update.ts';
import type { SendToWallet } from './wallet-batch.ts';
import { decideResurrected } from './wallet-decisions.ts';
import {
  datedIncarnationIdOf,
  type Expression,
  isLocked,
  isObject,
  isOfIncarnation,
  literal,
  ROWS,
  removeAllocation,
  replaceAllocation,
  SETTLED,
  withAllocation,
} from './wallet-expressions.ts';

export function createResurrectedWrites(
  send: SendToWallet,
  findPast: FindBotPast,
): Pick<Wallets, 'dropResurrected' | 'acceptResurrected'> {
  const write = async (target: ResurrectedTarget, change: Expression) => {
    const { incarnation } = target;
    const past = await findPast(incarnation.userId, incarnation.instanceId);
    return decide<ResurrectedResult>(
      send,
      incarnation,
      settlementOpId(incarnation),
      resurrectedUpdate(target, past, change),
      {
        isFinal: ({ status }) => status === 'gone' || status === 'accepted',
        decide: (user) => decideResurrected(target, past, user),
      },
    );
  };
  return {
    dropResurrected: (target) => write(target, removeAllocation(target.incarnation.instanceId)),
    acceptResurrected: (target) => write(target, asNewIncarnation(target.incarnation)),
  };
}

const BOT = '$$bot';

function asNewIncarnation({ instanceId, incarnationId }: Incarnation): Expression {
  const unlocked = { $unsetField: { field: 'lockedBy', input: BOT } };
  const renewed = { allocatedAt: '$$NOW', acceptedFrom: literal(incarnationId) };
  return withAllocation(
    instanceId,
    replaceAllocation(instanceId, { $mergeObjects: [unlocked, renewed] }),
  );
}

function resurrectedUpdate(
  { incarnation, mayTakeOver }: ResurrectedTarget,
  past: BotPast,
  botAllocations: Expression,
): ConditionalUpdate {
  const { userId, instanceId, incarnationId } = incarnation;
  const isFree = {
    $or: [{ $not: [isLocked(BOT)] }, { $in: [`${BOT}.lockedBy.sagaId`, literal(mayTakeOver)] }],
  };
  const isUndated = { $and: [isObject(BOT), { $eq: [datedIncarnationIdOf(BOT), null] }] };
  return {
    filter: {
      _id: new ObjectId(userId),
      $expr: withAllocation(instanceId, {
        $and: isDated(incarnationId)
          ? [isOfIncarnation(BOT, incarnationId), isFree, isSettledOrPaid(incarnation, past)]
          : [isUndated, isFree, isOldCopy(BOT, instanceId, past)],
      }),
    },
    // A program that saves the copy it read before must be refused, if it checks the version at all.
    update: [{ $set: { botAllocations, __v: { $add: [{ $ifNull: ['$__v', 0] }, 1] } } }],
  };
}

// By the operation's own receipt too: the platform's clock may have dated the incarnation after its settlement.
function isSettledOrPaid(incarnation: Incarnation, past: BotPast): Expression {
  const { instanceId, incarnationId } = incarnation;
  const opId = settlementOpId(incarnation);
  const receipts = { $concatArrays: [SETTLED, ROWS] };
  const opIds = { $map: { input: receipts, as: 'row', in: '$$row.opId' } };
  return {
    $or: [isSettledIncarnation(BOT, instanceId, incarnationId, past), { $in: [opId, opIds] }],
  };
}
