// A user's money and bots, for showing them. Nothing is decided from these reads: a value of a wrong type is shown as it
// stands, because a page that hides what is broken does not help. Sums are made by the database, in decimals: dollars
// stored as doubles are never added in this program.

import { majorityCollection, runRepeatable } from '@reclaim/saga/mongodb';
import { BSON, type Db, Decimal128, type Document, ObjectId } from 'mongodb';
import {
  type FirebaseUid,
  type InstanceId,
  parseFirebaseUid,
  parseInstanceId,
  toUserId,
  type UserId,
} from '../../domain/ids.ts';
import { UnusableAccountError } from '../../domain/unusable-account.ts';
import { ALLOCATIONS, type Expression, isMoneyValue, valueFoundIn } from './wallet-expressions.ts';

/** What the allocations come to: dollars, summed by the database in decimals; values that are not money are left out. */
export interface WalletTotals {
  readonly allocated: number;
  readonly currentValue: number;
  readonly pnl: number;
}

export type AccountQuery = { readonly userId: UserId } | { readonly firebaseUid: FirebaseUid };

export interface Account {
  readonly userId: UserId;
  readonly firebaseUid: FirebaseUid | null;
  /** Dollars; null for a user from before wallets. Unknown where no number stands. */
  readonly balance: unknown;
  readonly currency: string;
  /** ISO 8601. */
  readonly lastUpdated: string | null;
  readonly allocations: readonly AccountAllocation[];
  /** Keys of allocations that are no ids of bots: never shown by name, always counted. */
  readonly unreadableBots: readonly string[];
}

/** The platform's fields as they stand; a missing one is null. */
export interface AccountAllocation {
  readonly instanceId: InstanceId;
  readonly botName: unknown;
  readonly allocatedAmount: unknown;
  readonly currentValue: unknown;
  /** ISO 8601 for a date. */
  readonly allocatedAt: unknown;
  /** Set while a saga holds the bot. */
  readonly lockedBy?: { readonly sagaId: string; readonly aborting: boolean };
}

export type Accounts = ReturnType<typeof createMongoAccounts>;

/** Never the embedded transactions, which may be most of a document of megabytes. */
const SHOWN = { firebaseUid: 1, paperWallet: 1, botAllocations: 1 } as const;

export function createMongoAccounts(db: Db) {
  const users = () => majorityCollection<Document>(db, 'users');
  return {
    /** Null: no such user. */
    find: async (who: AccountQuery): Promise<Account | null> => {
      const options = { projection: SHOWN };
      const user = await runRepeatable(() => users().findOne(filterOf(who), options));
      return user === null ? null : parseAccount(user);
    },

    /** In one read (I2): what is paid back between two would stand in both the balance and the totals, or in neither. Null:
     * no such user. */
    findWithTotals: async (
      userId: UserId,
    ): Promise<(Account & { totals: WalletTotals }) | null> => {
      const [user] = await runRepeatable(() =>
        users()
          .aggregate([{ $match: { _id: new ObjectId(userId) } }, ...SUMS])
          .toArray(),
      );
      return user === undefined ? null : { ...parseAccount(user), totals: toTotals(user.totals) };
    },

    /** Whether any user holds an allocation: then a missing pool state is a loss, not a beginning. */
    hasAllocations: async (): Promise<boolean> => {
      const holders = { botAllocations: { $type: 'object', $ne: {} } };
      const found = await runRepeatable(() => users().findOne(holders, { projection: { _id: 1 } }));
      return found !== null;
    },
  };
}

function filterOf(who: AccountQuery): Document {
  return 'userId' in who ? { _id: new ObjectId(who.userId) } : { firebaseUid: who.firebaseUid };
}

/** @throws UnusableAccountError */
function parseAccount(user: Document): Account {
  if (!(user._id instanceof ObjectId)) throw new UnusableAccountError();
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
  if (value instanceof Decimal128) return Number(value.toString());
  return JSON.parse(BSON.EJSON.stringify(value, { relaxed: true }));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const ZERO = Decimal128.fromString('0');

const SUMS = [
  { $project: { ...SHOWN, bots: { $objectToArray: ALLOCATIONS } } },
  {
    $set: {
      allocated: sumOf('$$bot.v.allocatedAmount'),
      currentValue: sumOf(valueFoundIn('$$bot.v')),
    },
  },
  {
    $project: {
      ...SHOWN,
      totals: {
        allocated: { $toDouble: '$allocated' },
        currentValue: { $toDouble: '$currentValue' },
        pnl: { $toDouble: { $subtract: ['$currentValue', '$allocated'] } },
      },
    },
  },
];

/** Values that are not money are left out. */
function sumOf(amount: Expression) {
  const amounts = {
    $map: {
      input: '$bots',
      as: 'bot',
      in: { $cond: [isMoneyValue(amount), { $toDecimal: amount }, ZERO] },
    },
  };
  return { $reduce: { input: amounts, initialValue: ZERO, in: { $add: ['$$value', '$$this'] } } };
}

function toTotals({ allocated, currentValue, pnl }: Document): WalletTotals {
  return { allocated: Number(allocated), currentValue: Number(currentValue), pnl: Number(pnl) };
}
