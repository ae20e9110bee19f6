// Users in MongoDB as a page shows them. The projection never touches the embedded transactions, which
// may be most of a document of megabytes; their newest rows are cut out by the database.

import { runRepeatable } from '@reclaim/saga/mongodb';
import { type Connection, mongo } from 'mongoose';
import { parseFirebaseUid, parseInstanceId, toUserId } from '../../domain/ids.ts';
import { UnusableAccountError } from '../../domain/unusable-account.ts';
import { nativeCollection } from '../../infra/mongodb/native.ts';
import type {
  Account,
  AccountAllocation,
  AccountQuery,
  Accounts,
  PlatformRow,
} from '../accounts.ts';
import { hasAnyAllocation, sumAllocations } from './account-reads.ts';
import { ROWS } from './wallet-expressions.ts';

export interface MongoAccountsDependencies {
  /** An open mongoose connection; the caller closes it. */
  readonly connection: Connection;
}

const MAX_ROWS = 200;

export function createMongoAccounts({ connection }: MongoAccountsDependencies): Accounts {
  const users = () => nativeCollection<mongo.Document>(connection, 'users');
  return {
    async find(who) {
      const user = await runRepeatable(() =>
        users().findOne(filterOf(who), {
          projection: { firebaseUid: 1, role: 1, paperWallet: 1, botAllocations: 1 },
        }),
      );
      return user === null ? null : parseAccount(user);
    },

    totals: (userId) => sumAllocations(connection, userId),
    hasAllocations: () => hasAnyAllocation(connection),

    async platformRows(userId, { limit }) {
      const size = Math.min(Math.max(1, Math.trunc(limit)), MAX_ROWS);
      const isTheirs = { $ne: [{ $type: '$$row.opId' }, 'string'] };
      const theirs = { $filter: { input: ROWS, as: 'row', cond: isTheirs } };
      const user = await runRepeatable(() =>
        users().findOne(filterOf({ userId }), {
          projection: { _id: 0, rows: { $slice: [theirs, -size] } },
        }),
      );
      const rows: mongo.Document[] = user?.rows ?? [];
      return rows.reverse().map(parseRow);
    },
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
  const { firebaseUid, role, paperWallet, botAllocations } = user;
  const bots = Object.entries(isRecord(botAllocations) ? botAllocations : {});
  return {
    userId: toUserId(String(user._id)),
    firebaseUid: parseFirebaseUid(firebaseUid) ?? null,
    role: typeof role === 'string' ? role : 'user',
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
      reservedInTrades: shown(fields.reservedInTrades),
      availableBalance: shown(fields.availableBalance),
      lifetimePnL: shown(fields.lifetimePnL),
      allocatedAt: shown(fields.allocatedAt),
      ...(isRecord(lockedBy) && typeof lockedBy.sagaId === 'string'
        ? { lockedBy: { sagaId: lockedBy.sagaId, aborting: lockedBy.aborting === true } }
        : {}),
    },
  ];
}

function parseRow(row: mongo.Document): PlatformRow {
  return {
    type: shown(row.type),
    amount: shown(row.amount),
    botId: shown(row.botId),
    botName: shown(row.botName),
    description: shown(row.description),
    balanceAfter: shown(row.balanceAfter),
    timestamp: shown(row.timestamp),
  };
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
