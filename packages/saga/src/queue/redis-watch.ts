// Whether Redis takes what the queues need, reported once a change. Every connection, queue and worker reports what it
// fails with; while anything fails, a write checks each second whether the outage is over. One outage is one line when
// it begins, one for each further trouble in it, and one when it is over, however many commands fail meanwhile.

import { createPeriodic } from '../run/periodic.ts';
import { type RedisTrouble, redisTrouble } from './redis-trouble.ts';

export interface RedisWatchOptions {
  /** Something that a server which cannot serve the queues refuses. Has a deadline of its own. */
  readonly write: () => Promise<unknown>;
  readonly onTrouble: (trouble: RedisTrouble, error: unknown) => void;
  readonly onOver: (outage: RedisOutage) => void;
  readonly everyMs?: number;
}

export interface RedisOutage {
  readonly troubles: readonly RedisTrouble[];
  /** How many errors were reported while it lasted. */
  readonly failures: number;
}

/** Of the write while an outage lasts. */
const ASK_EVERY_MS = 1_000;
/** Longer than the write's own deadline. */
const ASK_WITHIN_MS = 10_000;
/** A server at the edge of its memory takes one write and refuses the next: this many in a row end an outage. */
const GOOD_ANSWERS = 3;

export type RedisWatch = ReturnType<typeof createRedisWatch>;

export function createRedisWatch(options: RedisWatchOptions) {
  const { write, onTrouble, onOver, everyMs = ASK_EVERY_MS } = options;
  let outage: { troubles: Set<RedisTrouble>; failures: number; good: number } | undefined;

  /** @returns whether the error is about Redis; then it needs no other report. */
  function failed(error: unknown): boolean {
    const trouble = redisTrouble(error);
    if (trouble === null) return false;
    outage ??= { troubles: new Set(), failures: 0, good: 0 };
    outage.failures += 1;
    outage.good = 0;
    if (outage.troubles.has(trouble)) return true;
    outage.troubles.add(trouble);
    onTrouble(trouble, error);
    return true;
  }

  const asking = createPeriodic({
    everyMs,
    limitMs: ASK_WITHIN_MS,
    onError: (error) => void failed(error),
    turn: async () => {
      if (outage === undefined) return;
      await write();
      outage.good += 1;
      if (outage.good < GOOD_ANSWERS) return;
      const { troubles, failures } = outage;
      outage = undefined;
      onOver({ troubles: [...troubles], failures });
    },
  });

  return {
    failed,
    /** Checks now, by a write. @throws what Redis refuses with. */
    ask: async (): Promise<void> => {
      try {
        await write();
      } catch (error) {
        failed(error);
        throw error;
      }
    },
    start: asking.start,
    stop: asking.stop,
  };
}
