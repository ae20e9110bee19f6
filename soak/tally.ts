// Counts by name, in the order of their first occurrence: faults by kind, refusals by status.

export interface Tally {
  add(name: string, count?: number): void;
  total(): number;
  all(): Readonly<Record<string, number>>;
}

export function createTally(): Tally {
  const counts = new Map<string, number>();
  return {
    add: (name, count = 1) => void counts.set(name, (counts.get(name) ?? 0) + count),
    total: () => [...counts.values()].reduce((sum, count) => sum + count, 0),
    all: () => Object.fromEntries([...counts].sort(([left], [right]) => (left < right ? -1 : 1))),
  };
}
