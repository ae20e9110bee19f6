// Holding an answer back until a saga ends. The saga is durable before anybody waits, so every way a
// wait can fail (time over, client gone, server closing, log unreadable) gives the newest record known
// and never an error (I7, I9). Waiters are counted, because each holds a socket.

import type { FastifyBaseLogger } from 'fastify';
import type { SagaRecord } from '../saga/record.ts';
import type { Sagas } from './dependencies.ts';

/** More wait on one process only by accident or malice: the rest are answered at once. */
const MAX_WAITERS = 1000;

export interface EndWaits {
  wait(request: {
    readonly saga: SagaRecord;
    readonly seconds: number;
    readonly clientGone: AbortSignal;
    readonly log: FastifyBaseLogger;
  }): Promise<SagaRecord>;
  /** Ends all waits, now and later ones: a server that closes must not be held by them. */
  close(): void;
}

export function createEndWaits(sagas: Pick<Sagas, 'waitForEnd'>): EndWaits {
  const closing = new AbortController();
  let waiters = 0;
  return {
    wait: async ({ saga, seconds, clientGone, log }) => {
      const idle = seconds === 0 || !saga.open || saga.state.phase === 'stuck';
      if (idle || waiters >= MAX_WAITERS || closing.signal.aborted) return saga;
      const signal = AbortSignal.any([closing.signal, clientGone]);
      waiters += 1;
      try {
        return (await sagas.waitForEnd(saga.id, seconds * 1000, signal)) ?? saga;
      } catch (err) {
        if (!signal.aborted) log.warn({ err, sagaId: saga.id }, 'wait for the end failed');
        return saga;
      } finally {
        waiters -= 1;
      }
    },
    close: () => closing.abort(),
  };
}
