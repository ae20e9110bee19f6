// One round of looks at a time in the whole system, whoever's clock ticks.

export interface HealthRounds {
  /** @returns a token for `end`, or null while another round is under way that began less than `holdMs` ago. */
  begin(holdMs: number): Promise<string | null>;
  /** Changes nothing if another round has begun since.
   * @param round.isComplete whether everybody was looked at. */
  end(token: string, round: { readonly isComplete: boolean }): Promise<void>;
  /** Seconds since the last complete round ended; null: none ever has. */
  lastCompleteSecondsAgo(): Promise<number | null>;
}
