// Whether an operator has paused the queue, with BullMQ's own means: then no saga begins in the process that accepts it
// either. Asked every second, so that an acceptance need not ask. What Redis does not answer stays as it was: while it is
// away, sagas go on where they are accepted.

import { createPeriodic } from '../run/periodic.ts';

const EVERY_MS = 1_000;
const LIMIT_MS = 2_000;

export function createPauseWatch({
  isPaused,
}: {
  readonly isPaused: () => Promise<boolean | undefined>;
}) {
  let isKnownToRun = false;
  const watch = createPeriodic({
    everyMs: EVERY_MS,
    limitMs: LIMIT_MS,
    turn: async (signal) => {
      const paused = await isPaused();
      if (!signal.aborted) isKnownToRun = paused === false;
    },
    onError: () => undefined,
  });
  /** False until the first answer. */
  const isRunning = () => isKnownToRun;
  return { start: watch.start, stop: watch.stop, isRunning };
}
