// What a user document must keep to, as far as money is concerned: the database refuses what the
// settlement would have to refuse later. Everything else is the platform's business and stays free.
// `minimum` stops NaN and negatives, `maximum` stops Infinity.

import { MAX_MONEY } from '../../domain/money.ts';

const MONEY = { bsonType: 'number', minimum: 0, maximum: MAX_MONEY };
const MONEY_OR_NOTHING = { anyOf: [MONEY, { bsonType: 'null' }] };
const SIGNED_OR_NOTHING = {
  anyOf: [{ bsonType: 'number', minimum: -MAX_MONEY, maximum: MAX_MONEY }, { bsonType: 'null' }],
};

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
