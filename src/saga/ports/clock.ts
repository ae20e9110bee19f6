// The database's time, for deadlines and for what is shown. Worker clocks drift and are set; safety does
// not rest on this clock either, but on the epoch alone (I5), and leases are compared inside the database.

export interface Clock {
  /** Milliseconds since the epoch. */
  nowMs(): number;
}
