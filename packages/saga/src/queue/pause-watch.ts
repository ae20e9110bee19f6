// Whether an operator has paused the queue, with BullMQ's own means: then no saga begins in the process that accepts it
// either. Asked every second, so that an acceptance need not ask. What Redis does not answer stays as it was: while it is
// away, sagas go on where they are accepted.

import { createPeriodic } from '../run/periodic.ts';

export interface PauseWatch {
  start(): void;
  stop(): Promise<void>;
  /** False until the first answer. */
  isRunning(): boolean;
}

const EVERY_MS = 1_000;
const LIMIT_MS = 2_000;

export function createPauseWatch({
  isPaused,
}: {
  readonly isPaused: () => Promise<boolean | undefined>;
}): PauseWatch {
  let isRunning = false;
  const watch = createPeriodic({
    everyMs: EVERY_MS,
    limitMs: LIMIT_MS,
    turn: async (signal) => {
      const paused = await isPaused();
      if (!signal.aborted) isRunning = paused === false;
    },
    onError: () => undefined,
  });
  return { start: watch.start, stop: watch.stop, isRunning: () => isRunning };
}
