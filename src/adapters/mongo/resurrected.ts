// An allocation that was settled and came back, because somebody saved an old copy over it, on its way out of
// the document or into a life of its own. I2: nothing is paid here, and nothing that may still be owed is
// touched: that it was settled stands in the condition of the write, or was read from the ledger, which
// never forgets. A mark of a saga that may still work on it refuses both.

import { type Connection, mongo } from 'mongoose';
import type {
  ResurrectedResult,
  ResurrectedTarget,
  Wallets,
} from '../../deletion/ports/wallets.ts';
import { type Incarnation, isDated, settlementOpId } from '../../domain/incarnation.ts';
import { decide } from './decide-command.ts';
import type { LedgerDocument } from './ledger-documents.ts';
import { runRepeatable } from './mongo-errors.ts';
import { nativeCollection } from './native.ts';
import type { ConditionalUpdate } from './settle-update.ts';
import type { SendToWallet } from './wallet-batch.ts';
import { decideResurrected } from './wallet-decisions.ts';
import {
  datedLifeOf,
  type Expression,
  isMarked,
  isObject,
  isOfLife,
  literal,
  removeAllocation,
  replaceAllocation,
  wasEverSettled,
  withAllocation,
} from './wallet-expressions.ts';

export function createResurrectedWrites(
  connection: Connection,
  send: SendToWallet,
): Pick<Wallets, 'dropResurrected' | 'acceptResurrected'> {
  const write = async (target: ResurrectedTarget, change: Expression) => {
    const { incarnation } = target;
    const isPosted = await isInLedger(connection, incarnation);
    return decide<ResurrectedResult>(
      send,
      incarnation,
      settlementOpId(incarnation),
      resurrectedUpdate(target, isPosted, change),
      {
        isFinal: ({ status }) => status === 'gone' || status === 'accepted',
        decide: (user) => decideResurrected(target, isPosted, user),
      },
    );
  };
  return {
    dropResurrected: (target) => write(target, removeAllocation(target.incarnation.instanceId)),
    acceptResurrected: (target) => write(target, asNewLife(target.incarnation)),
  };
}

const BOT = '$$bot';

function asNewLife({ instanceId, life }: Incarnation): Expression {
  const unmarked = { $unsetField: { field: 'closing', input: BOT } };
  const renewed = { allocatedAt: '$$NOW', acceptedFrom: literal(life) };
  return withAllocation(
    instanceId,
    replaceAllocation(instanceId, { $mergeObjects: [unmarked, renewed] }),
  );
}

function resurrectedUpdate(
  { incarnation, mayTakeOver }: ResurrectedTarget,
  isPosted: boolean,
  botAllocations: Expression,
): ConditionalUpdate {
  const { userId, instanceId, life } = incarnation;
  const opId = settlementOpId(incarnation);
  const isReceipt = {
    $or: [{ 'walletTransactions.opId': opId }, { 'ledgerState.settled.opId': opId }],
  };
  const isFree = {
    $or: [{ $not: [isMarked(BOT)] }, { $in: [`${BOT}.closing.sagaId`, literal(mayTakeOver)] }],
  };
  const isUndated = { $and: [isObject(BOT), { $eq: [datedLifeOf(BOT), null] }] };
  return {
    filter: {
      _id: new mongo.ObjectId(userId),
      ...(isDated(life) && !isPosted ? isReceipt : {}),
      $expr: withAllocation(instanceId, {
        $and: [
          isDated(life) ? isOfLife(BOT, life) : isUndated,
          isFree,
          ...(isDated(life) || isPosted ? [] : [wasEverSettled(instanceId)]),
        ],
      }),
    },
    // Whoever saves the copy he read before is to be refused, if he asks for the version at all.
    update: [{ $set: { botAllocations, __v: { $add: [{ $ifNull: ['$__v', 0] }, 1] } } }],
  };
}

/** The ledger keeps what a legacy writer can erase from the user. */
async function isInLedger(connection: Connection, incarnation: Incarnation): Promise<boolean> {
  const { userId, instanceId, life } = incarnation;
  const settlement = isDated(life)
    ? { _id: settlementOpId(incarnation) }
    : { botId: instanceId, source: 'reclaim' };
  const entry = await runRepeatable(() =>
    nativeCollection<LedgerDocument>(connection, 'ledger').findOne(
      { userId, type: 'deallocate', ...settlement },
      { projection: { _id: 1 } },
    ),
  );
  return entry !== null;
}
