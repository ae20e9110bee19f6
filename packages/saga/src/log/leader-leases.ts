// Chooses the process for a job that one at a time should do (relay, schedules, audit, a round of health). For economy
// only: two at once must be harmless.

export interface LeaderLeases {
  /** True while this holder has the lease; renews it then. Database time decides. */
  hold(name: string, ttlMs: number): Promise<boolean>;
  /** Gives all leases back, so that the next holder need not wait. */
  giveBack(): Promise<void>;
}
