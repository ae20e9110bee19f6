// Does something again and again with a pause between, until it is stopped. A plain timer of this process:
// nothing that a flush of Redis could take away. A turn that fails is reported, and the next one comes. So is a turn
// that hangs on an answer that never comes: its signal fires, and the next turn comes without it (I10).

import { RetryableError } from '../errors.ts';
import { pause, withDeadline, within } from './deadline.ts';
import { shielded } from './shielded.ts';

export interface Periodic {
  /** Idempotent. */
  start(): void;
  /** Aborts the turn under way and waits for its end, but no longer than `STOP_WITHIN_MS`. Idempotent. */
  stop(): Promise<void>;
}

export interface PeriodicOptions {
  /** From the end of one turn to the beginning of the next. */
  readonly everyMs: number;
  /** Default: begins with a turn. */
  readonly waitsFirst?: boolean;
  /** The longest a turn may take; one that takes longer is given up. What it does must do no harm when it continues
   * beside the next one. */
  readonly limitMs: number;
  /** The signal fires when the loop is stopped and when the turn is given up. */
  readonly turn: (signal: AbortSignal) => Promise<void>;
  /** Receives what a turn threw, and the error of a turn that was given up. */
  readonly onError: (error: unknown) => void;
}

/** Turns that were given up and have not ended; as long as so many hang, no other one begins. */
const MAX_HANGING = 10;
/** For a turn that does not listen to its signal. */
export const STOP_WITHIN_MS = 5_000;

export function createPeriodic(options: PeriodicOptions): Periodic {
  const { everyMs, waitsFirst = false, limitMs } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const underWay = new Set<Promise<void>>();
  let running: Promise<void> | undefined;

  // A report that fails ends neither the loop nor the process: the next turn that fails is reported again.
  const onError = shielded(options.onError, () => undefined);

  function begin(abort: AbortSignal): Promise<void> {
    const turn = options.turn(abort).finally(() => void underWay.delete(turn));
    underWay.add(turn);
    return turn;
  }

  async function turnOnce(): Promise<void> {
    if (underWay.size >= MAX_HANGING) return onError(tooMany());
    await withDeadline(begin, { ms: limitMs, signal, late: () => overdue(limitMs) }).catch(
      (error: unknown) => {
        if (!signal.aborted) onError(error);
      },
    );
  }

  async function loop(): Promise<void> {
    if (waitsFirst) await pause(everyMs, signal);
    while (!signal.aborted) {
      await turnOnce();
      await pause(everyMs, signal);
    }
  }

  return {
    start: () => {
      running ??= loop();
    },
    stop: async () => {
      stopping.abort();
      await running;
      await within(Promise.allSettled(underWay), { ms: STOP_WITHIN_MS, late: null });
    },
  };
}

function overdue(limitMs: number) {
  return new RetryableError('TURN_OVERDUE', `no answer within ${limitMs} ms; given up`);
}

function tooMany() {
  return new RetryableError('TURNS_HANG', `${MAX_HANGING} turns have not ended; none is begun`);
}
