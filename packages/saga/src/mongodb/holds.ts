// Whether what was granted until a moment (a lease, an entry in hand) still stands, by the database's clock.
// That clock may go back: the member elected next has a slower one. A moment further ahead than any grant reaches was
// written before it did, and would keep every process waiting for as long as the clock went back (I10).

/** An aggregation expression or a constant. */
type Operand = string | number | object;

/** @param until a path or an expression; a null or missing one is over.
 * @param forMs how long was granted: a number, a path or an expression. Twice as much is accepted, so that clocks which
 * differ by less than a grant take no hold from its holder. */
export function isOver(until: Operand, forMs: Operand): object {
  const latest = { $add: ['$$NOW', { $multiply: [2, forMs] }] };
  return { $or: [{ $lte: [until, '$$NOW'] }, { $gt: [until, latest] }] };
}
