// What the database holds of the money side to: what must be unique, what is queried often, what is money. The saga log
// declares its own beside itself and hands them to the migration.

import type { IndexDeclaration } from '@reclaim/saga/mongodb';
import { MAX_MONEY } from '../../domain/money.ts';

export const MONEY_INDEXES: readonly IndexDeclaration[] = [
  // The name mongoose gives it: the platform's own schema may have made it already.
  {
    collection: 'users',
    name: 'firebaseUid_1',
    key: { firebaseUid: 1 },
    unique: true,
    sparse: true,
  },
  // Holds the receipts of a day: what is older is dropped.
  {
    collection: 'users',
    name: 'settled_receipts_by_time',
    key: { 'ledgerState.settled.timestamp': 1 },
    sparse: true,
  },
  { collection: 'ledger', name: 'opId_unique', key: { opId: 1 }, unique: true },
  // The users that an audit of all walks over, without reading their documents.
  {
    collection: 'users',
    name: 'ledger_opened',
    key: { 'ledgerState.openedAt': 1, _id: 1 },
    partialFilterExpression: { 'ledgerState.openedAt': { $type: 'date' } },
  },
  {
    collection: 'ledger',
    name: 'user_seq',
    key: { userId: 1, seq: 1 },
    partialFilterExpression: { seq: { $gt: 0 } },
  },
  {
    collection: 'ledger',
    name: 'user_content',
    key: { userId: 1, contentHash: 1, position: 1 },
    partialFilterExpression: { contentHash: { $type: 'string' } },
  },
  {
    collection: 'ledger',
    name: 'write_offs',
    key: { at: -1, _id: -1 },
    partialFilterExpression: { type: 'write-off' },
  },
  {
    collection: 'auditRuns',
    name: 'newest',
    key: { startedAt: 1 },
    expireAfterSeconds: 90 * 86_400,
  },
  // What was settled of a bot, for all of its incarnations.
  {
    collection: 'ledger',
    name: 'bot_settlements',
    key: { userId: 1, botId: 1, at: -1 },
    partialFilterExpression: { type: { $in: ['allocate', 'deallocate'] } },
  },
  { collection: 'ledger', name: 'user_newest', key: { userId: 1, at: -1, _id: -1 } },
  {
    collection: 'tombstones',
    name: 'due',
    key: { nextCheckAt: 1 },
    partialFilterExpression: { nextCheckAt: { $type: 'date' } },
  },
  {
    collection: 'tombstones',
    name: 'bot_newest',
    key: { userId: 1, instanceId: 1, openedAt: -1 },
  },
  // What a saga that went back has left; no tombstone carries the field.
  {
    collection: 'tombstones',
    name: 'forget_withdrawn_after_a_day',
    key: { withdrawnAt: 1 },
    expireAfterSeconds: 86_400,
  },
  { collection: 'runDrifts', name: 'by_list', key: { listId: 1, userId: 1, _id: 1 } },
  {
    collection: 'runDrifts',
    name: 'forget_after_90_days',
    key: { notedAt: 1 },
    expireAfterSeconds: 90 * 86_400,
  },
  { collection: 'findings', name: 'open_newest', key: { status: 1, lastObservedAt: -1 } },
  {
    collection: 'findings',
    name: 'user_open_newest',
    key: { userId: 1, status: 1, lastObservedAt: -1 },
  },
];

const MONEY = { bsonType: 'number', minimum: 0, maximum: MAX_MONEY };
const MONEY_OR_NOTHING = { anyOf: [MONEY, { bsonType: 'null' }] };
const SIGNED_OR_NOTHING = {
  anyOf: [{ bsonType: 'number', minimum: -MAX_MONEY, maximum: MAX_MONEY }, { bsonType: 'null' }],
};

/** What a user document must keep to, as far as money is concerned: the database refuses what the settlement would have
 * to refuse later. Everything else is the platform's business and stays free. `minimum` stops NaN and negatives, `maximum`
 * stops Infinity. */
export const USERS_SCHEMA = {
  bsonType: 'object',
  properties: {
    paperWallet: {
      bsonType: ['object', 'null'],
      properties: { balance: MONEY },
    },
    botAllocations: {
      bsonType: ['object', 'null'],
      additionalProperties: {
        bsonType: 'object',
        required: ['allocatedAmount'],
        properties: {
          allocatedAmount: MONEY,
          currentValue: MONEY_OR_NOTHING,
          reservedInTrades: SIGNED_OR_NOTHING,
          availableBalance: SIGNED_OR_NOTHING,
          lifetimePnL: SIGNED_OR_NOTHING,
        },
      },
    },
  },
};
