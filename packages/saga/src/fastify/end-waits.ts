// Holding an answer back until a saga ends. The saga is durable before the wait begins, so every way a
// wait can fail (time over, client gone, server closing, log unreadable) gives the newest record known
// and never an error (I7, I9). Waiters are counted, because each holds a socket: of all callers, and of each, so that a
// caller with too many waits is answered at once and the others still wait.

import type { FastifyBaseLogger } from 'fastify';
import type { SagaRecord } from '../log/record.ts';
import type { Sagas } from '../sagas.ts';

/** More wait on one process only by accident or malice: the rest are answered at once. */
const LIMITS: WaitLimits = { perProcess: 1_000, perCaller: 50 };

export interface WaitLimits {
  readonly perProcess: number;
  readonly perCaller: number;
}

export interface EndWaits {
  wait(request: {
    readonly saga: SagaRecord;
    readonly seconds: number;
    /** The name of the caller that waits. */
    readonly caller: string;
    readonly clientGone: AbortSignal;
    readonly log: FastifyBaseLogger;
  }): Promise<SagaRecord>;
  /** Ends all waits, now and later ones: a server that closes must not be held by them. */
  close(): void;
}

export function createEndWaits(
  sagas: Pick<Sagas, 'waitForEnd'>,
  { perProcess, perCaller }: WaitLimits = LIMITS,
): EndWaits {
  const lockedBy = new AbortController();
  const waiting: string[] = [];
  const isFull = (caller: string) =>
    waiting.length >= perProcess || waiting.filter((one) => one === caller).length >= perCaller;
  return {
    wait: async ({ saga, seconds, caller, clientGone, log }) => {
      const idle = seconds === 0 || !saga.open || saga.state.phase === 'stuck';
      if (idle || isFull(caller) || lockedBy.signal.aborted) return saga;
      const signal = AbortSignal.any([lockedBy.signal, clientGone]);
      waiting.push(caller);
      try {
        return (await sagas.waitForEnd(saga.id, seconds * 1000, signal)) ?? saga;
      } catch (err) {
        if (!signal.aborted) log.warn({ err, sagaId: saga.id }, 'wait for the end failed');
        return saga;
      } finally {
        waiting.splice(waiting.indexOf(caller), 1);
      }
    },
    close: () => lockedBy.abort(),
  };
}
