// Lets sagas begin in cohorts when a worker is busy. Sagas that begin together reach their reads and writes
// together, and what waits together goes out together (group commit): in a cohort of twenty a saga costs half
// of what it costs alone. A worker that has little to do lets all sagas begin at once.

export interface CohortOptions {
  /** Sagas in flight from which on newcomers wait for company. */
  readonly busyFrom: number;
  /** So many newcomers begin without waiting any longer. */
  readonly size: number;
  /** The longest a newcomer waits, in milliseconds. */
  readonly lingerMs: number;
}

export type Cohorts = ReturnType<typeof createCohorts>;

export function createCohorts({ busyFrom, size, lingerMs }: CohortOptions) {
  let inFlight = 0;
  let waiting: (() => void)[] = [];
  let timer: NodeJS.Timeout | undefined;

  function letIn(): void {
    clearTimeout(timer);
    timer = undefined;
    const cohort = waiting;
    waiting = [];
    for (const begin of cohort) begin();
  }

  return {
    /** Resolves when the caller may begin; at once while the worker is not busy. */
    enter: async (): Promise<void> => {
      inFlight += 1;
      if (inFlight <= busyFrom) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push(resolve);
      if (waiting.length >= size) letIn();
      else timer ??= setTimeout(letIn, lingerMs);
      await promise;
    },
    /** The caller has ended, whichever way. */
    leave: (): void => {
      inFlight -= 1;
      // No cohort is running that the newcomers could wait for: they are the next cohort.
      if (inFlight <= waiting.length) letIn();
    },
  };
}
