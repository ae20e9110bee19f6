// A twin as data: which invariant it breaks, the mechanism it stands in for, the tests that guard that mechanism, and
// what the oracle must say of it.

/** Of each its short name, and the test that plays its twins. */
export const INVARIANTS = {
  I1: { name: 'All or compensated', playedIn: 'test/twins/i01-all-or-compensated.test.ts' },
  I2: { name: 'Money once', playedIn: 'test/twins/i02-money-once.test.ts' },
  I3: { name: 'No orphan', playedIn: 'test/twins/i03-no-orphan.test.ts' },
  I4: {
    name: 'No refund on absence of evidence',
    playedIn: 'test/twins/i04-no-refund-without-evidence.test.ts',
  },
  I5: { name: 'One writer', playedIn: 'test/twins/i05-one-writer.test.ts' },
  I6: { name: 'Point of no return', playedIn: 'test/twins/i06-point-of-no-return.test.ts' },
  I7: { name: '202 means durable', playedIn: 'test/twins/i07-accepted-means-durable.test.ts' },
  I8: {
    name: 'Same request, same saga',
    playedIn: 'test/twins/i08-same-request-same-saga.test.ts',
  },
  I9: { name: 'Truthful status', playedIn: 'test/twins/i09-truthful-status.test.ts' },
  I10: { name: 'Liveness', playedIn: 'test/twins/i10-liveness.test.ts' },
  I11: { name: 'Conservation', playedIn: 'test/twins/i11-conservation.test.ts' },
  I12: {
    name: 'Idempotent convergence',
    playedIn: 'test/twins/i12-idempotent-convergence.test.ts',
  },
} as const;

export type Invariant = keyof typeof INVARIANTS;

export interface TwinFacts {
  readonly name: string;
  readonly invariant: Invariant;
  /** What the twin has a bug in: a sentence, and the file that holds it. */
  readonly mechanism: { readonly what: string; readonly file: string };
  readonly guardedBy: readonly TestName[];
  /** Of the test that plays it. */
  readonly title: string;
  /** What the oracle must find with the twin, word for word. */
  readonly breach: string;
}

export interface TestName {
  readonly file: string;
  /** As it stands in the file. */
  readonly title: string;
}

/** @param file below `test/`. */
export const at = (file: string, title: string): TestName => ({ file: `test/${file}`, title });

/** @param file below `packages/saga/test/`. */
export const inEngine = (file: string, title: string): TestName => ({
  file: `packages/saga/test/${file}`,
  title,
});
