// Does something again and again with a pause between, until it is stopped. A plain timer of this process:
// nothing that a flush of Redis could take away. A turn that fails is reported, and the next one comes.

import { pause } from './deadline.ts';

export interface Periodic {
  /** Idempotent. */
  start(): void;
  /** Aborts the turn under way and waits for its end. Idempotent. */
  stop(): Promise<void>;
}

export interface PeriodicOptions {
  /** From the end of one turn to the beginning of the next. */
  readonly everyMs: number;
  readonly turn: (signal: AbortSignal) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

export function createPeriodic({ everyMs, turn, onError }: PeriodicOptions): Periodic {
  const stopping = new AbortController();
  let running: Promise<void> | undefined;

  async function loop(): Promise<void> {
    while (!stopping.signal.aborted) {
      await turn(stopping.signal).catch(onError);
      await pause(everyMs, stopping.signal);
    }
  }

  return {
    start: () => {
      running ??= loop();
    },
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}
