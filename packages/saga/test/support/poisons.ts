// What MongoDB cannot hold.

import type { Json } from '../../src/json.ts';

export const HALF = 'x'.repeat(9 * 2 ** 20);
export const CANNOT_HOLD = { code: 'MONGODB_CANNOT_HOLD' };

function nested(depth: number): Json {
  return depth === 0 ? 1 : { a: nested(depth - 1) };
}

export const POISONS: readonly [string, Json][] = [
  ['a NUL in a field name', { 'a\u0000b': 1 }],
  ['deeper than a document may be', nested(200)],
  ['larger than a document may be', HALF + HALF],
];

/** What the driver itself throws for: no error of MongoDB's. */
export const UNREADABLE: readonly [string, Json] = [
  'a field that throws when it is read',
  {
    get a(): Json {
      throw new Error('it cannot be read');
    },
  },
];
