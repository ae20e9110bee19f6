// Two clocks for two purposes. The database's time is for deadlines and for what is shown: every worker has an idea of
// the same one, and it may go back, when another member with a slower clock is elected. How old something is that this
// process itself has observed is measured by its monotonic clock, which cannot be set. Safety rests on neither, but on
// the epoch alone (I5); leases are compared inside the database.

export interface Clock {
  /** Database time, in milliseconds since the epoch. May go back. */
  nowMs(): number;
  /** Milliseconds of this process alone; never goes back. Only differences have a meaning. */
  monotonicMs(): number;
}

/** Whether something is young enough to stand for asking again: its age is zero or more, and less than the limit. The age
 * is a difference of two readings of one clock, and every clock but a monotonic one can be set back in between: an age
 * below zero proves nothing, so it never counts as young. Of no number it is not. */
export function isWithin(ageMs: number, limitMs: number): boolean {
  return ageMs >= 0 && ageMs < limitMs;
}

/** The last moment that a date can be. */
const LAST_MS = 8.64e15;

/** Whether a number is a moment at all: a sleep until another one has no end (I10). */
export function isMoment(ms: number): boolean {
  return typeof ms === 'number' && Math.abs(ms) <= LAST_MS;
}
