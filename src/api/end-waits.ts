// Holding an answer back until a saga ends. The saga is durable before anybody waits, so every way a
// wait can fail (time over, client gone, server closing, log unreadable) gives the newest record known
// and never an error (I7, I9). Waiters are counted, because each holds a socket: of all users, and of each, so that one
// who asks without end is answered at once and the others still wait.

import type { SagaRecord } from '@reclaim/saga';
import type { FastifyBaseLogger } from 'fastify';
import type { FirebaseUid } from '../domain/ids.ts';
import type { Sagas } from './dependencies.ts';

/** More wait on one process only by accident or malice: the rest are answered at once. */
const LIMITS: WaitLimits = { perProcess: 1_000, perUser: 50 };

export interface WaitLimits {
  readonly perProcess: number;
  readonly perUser: number;
}

export interface EndWaits {
  wait(request: {
    readonly saga: SagaRecord;
    readonly seconds: number;
    /** Who waits. */
    readonly user: FirebaseUid;
    readonly clientGone: AbortSignal;
    readonly log: FastifyBaseLogger;
  }): Promise<SagaRecord>;
  /** Ends all waits, now and later ones: a server that closes must not be held by them. */
  close(): void;
}

export function createEndWaits(
  sagas: Pick<Sagas, 'waitForEnd'>,
  { perProcess, perUser }: WaitLimits = LIMITS,
): EndWaits {
  const closing = new AbortController();
  const waiting: FirebaseUid[] = [];
  const isFull = (user: FirebaseUid) =>
    waiting.length >= perProcess || waiting.filter((one) => one === user).length >= perUser;
  return {
    wait: async ({ saga, seconds, user, clientGone, log }) => {
      const idle = seconds === 0 || !saga.open || saga.state.phase === 'stuck';
      if (idle || isFull(user) || closing.signal.aborted) return saga;
      const signal = AbortSignal.any([closing.signal, clientGone]);
      waiting.push(user);
      try {
        return (await sagas.waitForEnd(saga.id, seconds * 1000, signal)) ?? saga;
      } catch (err) {
        if (!signal.aborted) log.warn({ err, sagaId: saga.id }, 'wait for the end failed');
        return saga;
      } finally {
        waiting.splice(waiting.indexOf(user), 1);
      }
    },
    close: () => closing.abort(),
  };
}
