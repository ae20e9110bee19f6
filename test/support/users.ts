// Users in the platform's own format, and the platform itself as the tests need it: a second writer that
// knows nothing of this program's fields.

import { type Connection, mongo } from 'mongoose';
import { toSagaId } from '../../packages/saga/src/saga-id.ts';
import { toInstanceId, toUserId, type UserId } from '../../src/domain/ids.ts';
import { type Incarnation, stampedIncarnationId } from '../../src/domain/incarnation.ts';

const ALLOCATED_AT = new Date('2026-10-02T09:30:00.000Z');
export const INCARNATION = ALLOCATED_AT.toISOString();
export const BOT = toInstanceId('uid-bot-1');
export const SAGA_A = toSagaId('del-aaaaaaaaaaaaaaaa');
export const SAGA_B = toSagaId('del-bbbbbbbbbbbbbbbb');

export interface TestBot {
  readonly allocatedAmount?: unknown;
  readonly currentValue?: unknown;
  readonly [field: string]: unknown;
}

/** An allocation; a field given as undefined is left out. */
export function allocation(allocatedAmount: unknown, currentValue: unknown, extra: TestBot = {}) {
  const row: Record<string, unknown> = {
    allocatedAmount,
    currentValue,
    reservedInTrades: 0,
    availableBalance: currentValue ?? allocatedAmount,
    lifetimePnL: 0,
    allocatedAt: ALLOCATED_AT,
    botName: 'Bot 1',
    ...extra,
  };
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined));
}

export interface TestUser {
  readonly balance: unknown;
  readonly bots: Readonly<Record<string, unknown>>;
  readonly rows?: readonly mongo.Document[];
  readonly firebaseUid?: string;
}

/** Inserts a user past every validator and gives its id. */
export async function putUser(connection: Connection, user: TestUser): Promise<UserId> {
  const _id = new mongo.ObjectId();
  await users(connection).insertOne(
    {
      _id,
      firebaseUid: user.firebaseUid ?? `uid-${_id.toHexString()}`,
      role: 'user',
      paperWallet: {
        balance: user.balance,
        currency: 'USD',
        lastUpdated: new Date('2026-11-01T00:00:00Z'),
        theme: 'dark',
      },
      walletTransactions: [...(user.rows ?? [])],
      botAllocations: user.bots,
      kept: { unknown: 'field' },
      __v: 3,
    },
    { bypassDocumentValidation: true },
  );
  return toUserId(_id.toHexString());
}

export function users(connection: Connection): mongo.Collection<mongo.Document> {
  if (connection.db === undefined) throw new Error('the test connection is not open');
  return connection.db.collection('users', { writeConcern: { w: 'majority' } });
}

export async function readUser(connection: Connection, userId: UserId): Promise<mongo.Document> {
  const user = await users(connection).findOne(byId(userId));
  if (user === null) throw new Error(`no user ${userId}`);
  return user;
}

export const byId = (userId: UserId) => ({ _id: new mongo.ObjectId(userId) });

/** The platform writing one field of an allocation, as it does every few seconds. */
export async function platformSets(
  connection: Connection,
  userId: UserId,
  fields: mongo.Document,
): Promise<void> {
  await users(connection).updateOne(
    byId(userId),
    { $set: fields },
    { bypassDocumentValidation: true },
  );
}

export function incarnationOf(
  userId: UserId,
  instanceId = BOT,
  incarnationId: string = INCARNATION,
): Incarnation {
  return { userId, instanceId, incarnationId };
}

export const stamped = (userId: UserId, sagaId = SAGA_A): Incarnation =>
  incarnationOf(userId, BOT, stampedIncarnationId(sagaId));

/** The platform paying in, in one write: balance and row together. */
export async function platformDeposits(
  connection: Connection,
  userId: UserId,
  amount: number,
  row: mongo.Document = {},
): Promise<void> {
  const { type = 'deposit', ...fields } = row;
  await users(connection).updateOne(byId(userId), [
    { $set: { 'paperWallet.balance': { $add: ['$paperWallet.balance', amount] } } },
    {
      $set: {
        walletTransactions: {
          $concatArrays: [
            '$walletTransactions',
            [
              {
                type,
                amount,
                balanceAfter: '$paperWallet.balance',
                timestamp: '$$NOW',
                ...fields,
              },
            ],
          ],
        },
      },
    },
  ]);
}
