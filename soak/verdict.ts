// What was promised and not kept, by invariant. A violation is never thrown: the run goes on and finds the others.

export const INVARIANTS = [
  'I1',
  'I2',
  'I3',
  'I4',
  'I7',
  'I8',
  'I9',
  'I10',
  'I11',
  'I12',
  'crash',
] as const;

export type Invariant = (typeof INVARIANTS)[number];

export interface Violation {
  readonly invariant: Invariant;
  readonly detail: string;
}

export interface Verdict {
  violated(invariant: Invariant, detail: string): void;
  /** Adds a violation unless the two are one. */
  expectSame(invariant: Invariant, what: string, expected: unknown, found: unknown): void;
  all(): readonly Violation[];
  counts(): Readonly<Record<Invariant, number>>;
}

export function createVerdict(): Verdict {
  const violations: Violation[] = [];
  const violated = (invariant: Invariant, detail: string) => {
    violations.push({ invariant, detail });
  };
  return {
    violated,
    expectSame: (invariant, what, expected, found) => {
      if (expected === found) return;
      violated(invariant, `${what}: expected ${String(expected)}, found ${String(found)}`);
    },
    all: () => violations,
    counts: () => {
      const count = (one: Invariant) => violations.filter(({ invariant }) => invariant === one);
      return Object.fromEntries(INVARIANTS.map((one) => [one, count(one).length])) as Record<
        Invariant,
        number
      >;
    },
  };
}
