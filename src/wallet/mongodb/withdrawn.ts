// What is never to land any more, in one list of the user's document: reservations by their opId, and sagas that have taken
// their locks away for good. Not in `ledgerState`, which begins with the first write that moves money.

import { asList, type Expression, literal } from './wallet-expressions.ts';

/** A write that was sent is carried out or lost within minutes, and a worker that was away this long does not come back. */
const KEPT_FOR_MS = 86_400_000;
/** Of one user: what a day of failing provisions and deletions can leave, far above any that is not an attack. */
const MAX_KEPT = 2_000;

const LIST = asList('$withdrawn');

export const WITHDRAWN_IDS: Expression = { $map: { input: LIST, as: 'one', in: '$$one.id' } };

/** A part of a filter. */
export function isNotWithdrawn(id: string) {
  return { 'withdrawn.id': { $ne: id } };
}

/** A part of `$set`. What is older than any write or worker can be goes. */
export function withdraw(id: string) {
  const isKept = {
    $and: [
      { $ne: ['$$one.id', literal(id)] },
      { $gt: ['$$one.at', { $subtract: ['$$NOW', KEPT_FOR_MS] }] },
    ],
  };
  const kept = { $filter: { input: LIST, as: 'one', cond: isKept } };
  const all = { $concatArrays: [kept, [{ id: literal(id), at: '$$NOW' }]] };
  return { withdrawn: { $slice: [all, -MAX_KEPT] } };
}
