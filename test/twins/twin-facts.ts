// A twin as data: a mechanism that keeps an invariant, the tests that guard it, a bug in it, and what comes of the bug.

/** Of each its short name. */
export const INVARIANTS = {
  I1: 'All or compensated',
  I2: 'Money once',
  I3: 'No orphan',
  I4: 'No refund on absence of evidence',
  I5: 'One writer',
  I6: 'Point of no return',
  I7: '202 means durable',
  I8: 'Same request, same saga',
  I9: 'Truthful status',
  I10: 'Liveness',
  I11: 'Conservation',
  I12: 'Idempotent convergence',
} as const;

export type Invariant = keyof typeof INVARIANTS;

export interface TwinFacts {
  /** What the twin has a bug in, in a sentence. */
  readonly mechanism: string;
  /** Which file holds it. */
  readonly file: string;
  /** By their files: the title of a test as it stands there, or several. */
  readonly guardedBy: Readonly<Record<string, string | readonly string[]>>;
  /** In a few words. */
  readonly bug: string;
  /** What comes of it; where the twin is played, what the oracle must find, word for word. */
  readonly breach: string;
  /** No text of one place is the bug, so that it is played in a scenario of its own (`played.test.ts`). Otherwise it is
   * written into the sources (`test/matrix/mutations.ts`), and a guard goes red (`guards.full.test.ts`). */
  readonly isPlayed?: true;
}

export interface Twin extends TwinFacts {
  readonly name: string;
  readonly invariant: Invariant;
}

export interface TestName {
  readonly file: string;
  /** As it stands in the file. */
  readonly title: string;
}

export function guardsOf({ guardedBy }: Pick<TwinFacts, 'guardedBy'>): readonly TestName[] {
  return Object.entries(guardedBy).flatMap(([file, titles]) =>
    [titles].flat().map((title) => ({ file, title })),
  );
}
