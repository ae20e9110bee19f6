// Users in MongoDB as a page shows them. The projection never touches the embedded transactions, which
// may be most of a document of megabytes.

import { runRepeatable } from '@reclaim/saga/mongodb';
import { type Connection, mongo } from 'mongoose';
import { parseFirebaseUid, parseInstanceId, toUserId } from '../../domain/ids.ts';
import { UnusableAccountError } from '../../domain/unusable-account.ts';
import { nativeCollection } from '../../infra/mongodb/native.ts';
import type { Account, AccountAllocation, AccountQuery, Accounts } from '../accounts.ts';
import { hasAnyAllocation, sumAllocations } from './account-reads.ts';

export function createMongoAccounts(connection: Connection): Accounts {
  const users = () => nativeCollection<mongo.Document>(connection, 'users');
  return {
    async find(who) {
      const user = await runRepeatable(() =>
        users().findOne(filterOf(who), {
          projection: { firebaseUid: 1, paperWallet: 1, botAllocations: 1 },
        }),
      );
      return user === null ? null : parseAccount(user);
    },

    totals: (userId) => sumAllocations(connection, userId),
    hasAllocations: () => hasAnyAllocation(connection),
  };
}

function filterOf(who: AccountQuery): mongo.Document {
  return 'userId' in who
    ? { _id: new mongo.ObjectId(who.userId) }
    : { firebaseUid: who.firebaseUid };
}

/** @throws UnusableAccountError */
function parseAccount(user: mongo.Document): Account {
  if (!(user._id instanceof mongo.ObjectId)) throw new UnusableAccountError();
  const { firebaseUid, paperWallet, botAllocations } = user;
  const bots = Object.entries(isRecord(botAllocations) ? botAllocations : {});
  return {
    userId: toUserId(String(user._id)),
    firebaseUid: parseFirebaseUid(firebaseUid) ?? null,
    balance: shown(paperWallet?.balance),
    currency: typeof paperWallet?.currency === 'string' ? paperWallet.currency : 'USD',
    lastUpdated:
      paperWallet?.lastUpdated instanceof Date ? paperWallet.lastUpdated.toISOString() : null,
    allocations: bots.flatMap(([id, bot]) => parseAllocation(id, bot)),
    unreadableBots: bots.flatMap(([id]) => (parseInstanceId(id) === undefined ? [id] : [])),
  };
}

/** A key that is no bot id cannot be deleted by its name, and no page could link to it. */
function parseAllocation(id: string, bot: unknown): AccountAllocation[] {
  const instanceId = parseInstanceId(id);
  if (instanceId === undefined) return [];
  const fields = isRecord(bot) ? bot : {};
  const { lockedBy } = fields;
  return [
    {
      instanceId,
      botName: shown(fields.botName),
      allocatedAmount: shown(fields.allocatedAmount),
      currentValue: shown(fields.currentValue),
      allocatedAt: shown(fields.allocatedAt),
      ...(isRecord(lockedBy) && typeof lockedBy.sagaId === 'string'
        ? { lockedBy: { sagaId: lockedBy.sagaId, aborting: lockedBy.aborting === true } }
        : {}),
    },
  ];
}

/** Plain JSON, as it stands: what JSON has no form for (NaN, Infinity) is shown as text. */
function shown(value: unknown): unknown {
  if (value === undefined || value === null) return null;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof mongo.Decimal128) return Number(value.toString());
  return JSON.parse(mongo.BSON.EJSON.stringify(value, { relaxed: true }));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
