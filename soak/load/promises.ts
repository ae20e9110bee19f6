// What the API promised: every job it named, and which of its answers must have named the same one. The oracle holds
// it to all of them.

export interface Promises {
  /** A job was named in a 2xx answer. */
  named(jobId: string): void;
  /** Requests for one bot that were sent at once. */
  together(instanceId: string, jobIds: readonly string[]): void;
  /** A deletion that was asked for again after it had completed. */
  repeated(jobId: string, again: string): void;
  /** Requests with one Idempotency-Key. */
  keyed(key: string, jobId: string): void;
  jobs(): ReadonlySet<string>;
  groups(): readonly Group[];
  repeats(): readonly Repeat[];
  keys(): ReadonlyMap<string, ReadonlySet<string>>;
}

export interface Group {
  readonly instanceId: string;
  readonly jobIds: readonly string[];
}

export interface Repeat {
  readonly jobId: string;
  readonly again: string;
}

export function createPromises(): Promises {
  const jobs = new Set<string>();
  const groups: Group[] = [];
  const repeats: Repeat[] = [];
  const keys = new Map<string, Set<string>>();
  return {
    named: (jobId) => void jobs.add(jobId),
    together: (instanceId, jobIds) => void groups.push({ instanceId, jobIds }),
    repeated: (jobId, again) => void repeats.push({ jobId, again }),
    keyed: (key, jobId) => {
      const ids = keys.get(key) ?? new Set();
      keys.set(key, ids.add(jobId));
    },
    jobs: () => jobs,
    groups: () => groups,
    repeats: () => repeats,
    keys: () => keys,
  };
}
