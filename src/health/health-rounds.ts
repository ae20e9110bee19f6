// One round of health checks at a time in the whole system, whichever process's clock ticks.

export interface HealthRounds {
  /** Null while another round is under way that began less than `holdMs` ago. */
  begin(holdMs: number): Promise<HealthRound | null>;
  /** Seconds since the last complete round ended; null: none ever has. */
  lastCompleteSecondsAgo(): Promise<number | null>;
}

export interface HealthRound {
  /** Changes nothing if another round has begun since.
   * @param round.isComplete whether every bot was checked. */
  end(round: { readonly isComplete: boolean }): Promise<void>;
}
