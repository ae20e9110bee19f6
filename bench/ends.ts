// The ends of pieces of work, seen by one part of the program and waited for by another.

export interface Ends {
  came(key: string, how: string): void;
  /** @throws Error where it ended otherwise, or has not ended in time. */
  mustBe(key: string, expected: string): Promise<void>;
}

/** What has not ended by then never will: an error beats a benchmark that hangs. */
export const END_WITHIN_MS = 60_000;

/** One promise per key, kept in whichever order the end and its waiter come. */
export function createEnds(): Ends {
  const ends = new Map<string, PromiseWithResolvers<string>>();
  const of = (key: string) => {
    const end = ends.get(key) ?? Promise.withResolvers<string>();
    ends.set(key, end);
    return end;
  };
  return {
    came: (key, how) => of(key).resolve(how),
    mustBe: async (key, expected) => {
      const { promise, reject } = of(key);
      const late = () => reject(new Error(`${key} has not ended after ${END_WITHIN_MS} ms`));
      const timer = setTimeout(late, END_WITHIN_MS);
      const how = await promise.finally(() => clearTimeout(timer));
      ends.delete(key);
      if (how !== expected) throw new Error(`${key} is ${how}`);
    },
  };
}
