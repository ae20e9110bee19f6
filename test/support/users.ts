// Users in the platform's own format, and the platform itself as the tests need it: a second writer that
// knows nothing of this program's fields.

import { type Collection, type Db, type Document, ObjectId } from 'mongodb';
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
  readonly rows?: readonly Document[];
  readonly firebaseUid?: string;
}

/** Inserts a user past every validator and gives its id. */
export async function putUser(db: Db, user: TestUser): Promise<UserId> {
  const _id = new ObjectId();
  await users(db).insertOne(
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

export function users(db: Db): Collection<Document> {
  if (db === undefined) throw new Error('the test connection is not open');
  return db.collection('users', { writeConcern: { w: 'majority' } });
}

export async function readUser(db: Db, userId: UserId): Promise<Document> {
  const user = await users(db).findOne(byId(userId));
  if (user === null) throw new Error(`no user ${userId}`);
  return user;
}

export const byId = (userId: UserId) => ({ _id: new ObjectId(userId) });

/** The platform writing one field of an allocation, as it does every few seconds. */
export async function platformSets(db: Db, userId: UserId, fields: Document): Promise<void> {
  await users(db).updateOne(byId(userId), { $set: fields }, { bypassDocumentValidation: true });
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
  db: Db,
  userId: UserId,
  amount: number,
  row: Document = {},
): Promise<void> {
  const { type = 'deposit', ...fields } = row;
  await users(db).updateOne(byId(userId), [
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
