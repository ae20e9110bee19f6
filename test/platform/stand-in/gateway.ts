// The platform's wallets, as its gateway writes them: a strict mongoose model that knows none of our fields. Every route
// reads a document, changes its copy, and saves the whole of what it has changed, whatever came in between.

import type { Db } from 'mongodb';
import mongoose, { type HydratedDocument, isValidObjectId, Schema } from 'mongoose';

interface Allocation {
  readonly allocatedAmount: number;
  readonly currentValue: number;
  readonly reservedInTrades: number;
  readonly availableBalance: number;
  readonly lifetimePnL: number;
  readonly allocatedAt: Date;
  readonly botName: string;
}

interface Row {
  readonly type: 'deposit' | 'allocate' | 'deallocate';
  readonly amount: number;
  readonly botId?: string;
  readonly botName?: string;
  readonly description: string;
  readonly balanceAfter: number;
  readonly timestamp: Date;
}

interface Fields {
  firebaseUid: string;
  paperWallet: { balance: number; currency: string; lastUpdated: Date };
  walletTransactions: Row[];
  botAllocations: Map<string, Allocation>;
}

const fields = {
  firebaseUid: String,
  paperWallet: { balance: Number, currency: String, lastUpdated: Date },
  walletTransactions: [
    {
      type: { type: String, enum: ['deposit', 'withdraw', 'allocate', 'deallocate'] },
      ...{ amount: Number, botId: String, botName: String, description: String },
      ...{ balanceAfter: Number, timestamp: Date },
    },
  ],
  botAllocations: {
    type: Map,
    of: {
      ...{ allocatedAmount: Number, currentValue: Number, reservedInTrades: Number },
      ...{ availableBalance: Number, lifetimePnL: Number, allocatedAt: Date, botName: String },
    },
  },
} as const;

export type PlatformUser = HydratedDocument<Fields>;

export interface Gateway {
  /** The copy that a route of the platform works on. @param uid of Firebase; of a user of e-mail, the `_id`. */
  read(uid: string): Promise<PlatformUser>;
  deposit(user: PlatformUser, amount: number): Promise<void>;
  /** What its provision writes when the bot runs. */
  allocate(user: PlatformUser, instanceId: string, amount: number): Promise<void>;
  /** What its DELETE writes. @param cashedOut what the bot said of itself, if it did. */
  payBack(user: PlatformUser, instanceId: string, cashedOut?: number): Promise<void>;
  /** A part, while the bot goes on. */
  withdraw(user: PlatformUser, instanceId: string, amount: number): Promise<void>;
}

export interface GatewayOptions {
  /** With the one line that docs/adopting.md asks for. Default false. */
  readonly hasOptimisticConcurrency?: boolean;
  readonly now?: () => Date;
}

export function createGateway(
  db: Db,
  { hasOptimisticConcurrency = false, now = () => new Date() }: GatewayOptions = {},
): Gateway {
  const schema = new Schema<Fields>(fields, {
    optimisticConcurrency: hasOptimisticConcurrency,
    ...{ autoCreate: false, autoIndex: false },
  });
  const connection = mongoose.createConnection().setClient(db.client).useDb(db.databaseName);
  const model = connection.model('PlatformUser', schema, 'users', { overwriteModels: true });

  async function post(
    user: PlatformUser,
    change: number,
    row: Partial<Row> & Pick<Row, 'type' | 'description'>,
  ) {
    const { balance: before, currency } = user.paperWallet;
    const balance = before + change;
    const timestamp = now();
    user.paperWallet = { balance, currency, lastUpdated: timestamp };
    const amount = Math.abs(change);
    user.walletTransactions.push({ ...row, amount, balanceAfter: balance, timestamp });
    await user.save();
  }

  return {
    read: async (uid) => {
      const named = await model.findOne({ firebaseUid: uid });
      const user = named ?? (isValidObjectId(uid) ? await model.findById(uid) : null);
      if (user === null) throw new Error(`the platform has no user ${uid}`);
      return user;
    },
    deposit: (user, amount) =>
      post(user, amount, { type: 'deposit', description: 'Paper money deposit' }),
    allocate: async (user, botId, amount) => {
      const botName = `EmaRsiStrategy (${botId})`;
      user.botAllocations.set(botId, {
        ...{ allocatedAmount: amount, currentValue: amount, availableBalance: amount },
        ...{ reservedInTrades: 0, lifetimePnL: 0, allocatedAt: now(), botName },
      });
      const description = `Allocated ${dollars(amount)} to new bot: ${botId}`;
      await post(user, -amount, { type: 'allocate', botId, botName, description });
    },
    payBack: async (user, botId, cashedOut) => {
      const held = user.botAllocations.get(botId);
      if (held === undefined) return;
      const { allocatedAmount, currentValue, botName } = held;
      const amount = cashedOut ?? currentValue;
      const pnl = amount - allocatedAmount;
      user.botAllocations.delete(botId);
      const change = `(P&L: ${pnl >= 0 ? '+' : '-'}${dollars(Math.abs(pnl))})`;
      const description = `Returned ${dollars(amount)} from deleted bot ${change}`;
      await post(user, amount, { type: 'deallocate', botId, botName, description });
    },
    withdraw: async (user, botId, amount) => {
      const held = user.botAllocations.get(botId);
      if (held === undefined) throw new Error(`nothing is allocated to ${botId}`);
      const { botName, reservedInTrades, lifetimePnL, allocatedAt } = held;
      const currentValue = held.currentValue - amount;
      const allocatedAmount = held.allocatedAmount * (currentValue / held.currentValue);
      user.botAllocations.set(botId, {
        ...{ allocatedAmount, currentValue, availableBalance: currentValue },
        ...{ botName, reservedInTrades, lifetimePnL, allocatedAt },
      });
      const description = `Withdrew ${dollars(amount)} from bot to wallet`;
      await post(user, amount, { type: 'deallocate', botId, botName, description });
    },
  };
}

const dollars = (amount: number) => `$${amount.toFixed(2)}`;
