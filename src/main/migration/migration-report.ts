// What a migration reports of each constraint that this program relies on.

export interface MigrationReport {
  readonly constraints: readonly ConstraintReport[];
}

export interface ConstraintReport {
  /** `<collection>.<index, "schema" or "time-series">`. */
  readonly constraint: string;
  /**
   * `repaired`: one of that name was there and was another; `missing`: it could not be made; the violations explain it.
   */
  readonly status: 'created' | 'present' | 'repaired' | 'missing';
  readonly violations: Violations;
}

export interface Violations {
  readonly count: number;
  /** At most 20, as text; for a unique index the values that stand more than once. */
  readonly ids: readonly string[];
}

export const MAX_REPORTED = 20;
export const NONE: Violations = { count: 0, ids: [] };
