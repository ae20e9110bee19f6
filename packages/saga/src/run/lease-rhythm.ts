// The intervals of every check that brings a saga back after a death or an outage, as fractions of the lease. The wait
// for the lease itself (a dead worker's) and the checks after it stay below twice the lease together, for any lease
// (I10).

export function rhythmOf(leaseMs: number) {
  const third = Math.ceil(leaseMs / 3);
  return {
    /** Between two renewals of the leases a process holds. */
    renewEveryMs: third,
    /** Between two checks for jobs whose worker is gone. Whole: BullMQ's script refuses a fraction, every time. */
    stalledEveryMs: Math.ceil(leaseMs / 5),
    /** Until a wake-up checks again whose saga another worker has claimed, or no worker of this version can run. */
    recheckMs: third,
    /** Between two turns of the relay. */
    relayEveryMs: Math.ceil(leaseMs / 15),
    /** How long the relay leaves a saga alone that it has woken, and keeps its leader lease without a turn. */
    relayHoldMs: third,
  };
}

/** The shortest lease, in ms, that is still live when the database comes back after so long: its last renewal before may
 * be a whole interval old. */
export function leaseToOutlast(outageMs: number): number {
  return Math.ceil((outageMs * 3) / 2);
}
