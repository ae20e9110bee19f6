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
