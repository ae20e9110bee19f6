// The intervals of every check that brings a saga back after a death or an outage, as fractions of the lease. The wait
// for the lease itself (a dead worker's) and the checks after it stay below twice the lease together, for any lease
// (I10).

export interface LeaseRhythm {
  /** Between two renewals of the leases a process holds. */
  readonly renewEveryMs: number;
  /** Between two checks for jobs whose worker is gone. Whole: BullMQ's script refuses a fraction, every time. */
  readonly stalledEveryMs: number;
  /** Until a wake-up checks again whose saga another worker has claimed, or no worker of this version can run. */
  readonly recheckMs: number;
  /** Between two turns of the relay. */
  readonly relayEveryMs: number;
  /** How long the relay leaves a saga alone that it has woken, and keeps its leader lease without a turn. */
  readonly relayHoldMs: number;
}

export function rhythmOf(leaseMs: number): LeaseRhythm {
  const third = Math.ceil(leaseMs / 3);
  return {
    renewEveryMs: third,
    stalledEveryMs: Math.ceil(leaseMs / 5),
    recheckMs: third,
    relayEveryMs: Math.ceil(leaseMs / 15),
    relayHoldMs: third,
  };
}

/** The shortest lease, in ms, that is still live when the database comes back after so long: its last renewal before may
 * be a whole interval old. */
export function leaseToOutlast(outageMs: number): number {
  return Math.ceil((outageMs * 3) / 2);
}
