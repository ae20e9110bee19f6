// Sagas that run in the process that accepts them, from the acceptance on: it stores their first claim, so such a saga
// waits neither for its way through Redis nor for a read of the log, and no other worker takes it as long as the lease
// lives. It has no wake-up then. One is sent when it does not end here: it sleeps, is stuck, or the worker stops. A
// process that dies leaves a saga whose lease runs out, and the relay wakes another worker for it (I7, I10).

import { AsyncLocalStorage } from 'node:async_hooks';
import type { Json } from '../json.ts';
import type { SagaRecord } from '../log/record.ts';
import type { RegisteredSaga } from '../registry.ts';
import type { SagaId } from '../saga-id.ts';
import { within } from './deadline.ts';
import type { Accepted, Reservation, RunControl, Runner, RunOutcome } from './runner.ts';

export type LocalRuns = ReturnType<typeof createLocalRuns>;

/** Held for a saga that is being accepted. One of its two ends must come. */
export interface Place extends Pick<Reservation, 'claim' | 'state' | 'giveUp'> {
  /** Never throws and never waits. */
  begin(accepted: Accepted): void;
}

export interface LocalRunsOptions {
  readonly runner: Runner;
  /** False: this process should run nothing new now. */
  readonly isOpen: () => boolean;
  /** Sends a wake-up for a saga that has not ended here. */
  readonly wake: (saga: SagaRecord) => Promise<unknown>;
  readonly onError: (error: unknown) => void;
}

/** For interrupted sagas to give their leases back. */
const LAST_WORDS_MS = 1_000;

export function createLocalRuns({ runner, isOpen, wake, onError }: LocalRunsOptions) {
  const running = new Map<SagaId, Promise<RunOutcome>>();
  /** From the reservation to the end of the run. */
  const places = new Set<Promise<void>>();
  const stopping = new AbortController();
  // A run belongs to its own saga, not to the request that it came with.
  const inNoContext = AsyncLocalStorage.snapshot();
  let isDraining = false;
  const control = { signal: stopping.signal, isDraining: () => isDraining };

  async function runToItsEnd(reservation: Reservation, accepted: Accepted): Promise<RunOutcome> {
    const { saga } = accepted;
    try {
      const outcome = await reservation.run(accepted, control);
      running.delete(saga.id);
      if (mustBeWoken(outcome)) await wake(saga).catch(onError);
      return outcome;
    } catch (error) {
      running.delete(saga.id);
      await wake(saga).catch(onError);
      throw error;
    }
  }

  return {
    /** Null: the saga is accepted without a claim, and its wake-up finds a worker. */
    reserve: (registered: RegisteredSaga, input: Json): Place | null => {
      const reservation = isDraining || !isOpen() ? null : runner.reserve(registered, input);
      if (reservation === null) return null;
      const { promise: place, resolve: leave } = Promise.withResolvers<void>();
      places.add(place);
      void place.then(() => places.delete(place));
      return {
        ...reservation,
        begin: (accepted) => {
          const run = inNoContext(() => runToItsEnd(reservation, accepted));
          running.set(accepted.saga.id, run);
          run.catch(onError).finally(leave);
        },
        giveUp: () => {
          reservation.giveUp();
          leave();
        },
      };
    },
    // A wake-up of a saga that runs here: a cancel sent it. Its job follows the saga.
    run: (sagaId: SagaId, woken: RunControl): Promise<RunOutcome> =>
      running.get(sagaId) ?? runner.run(sagaId, woken),
    /** Takes nothing more, lets what runs come to its next step boundary, and interrupts what takes longer. Idempotent. */
    close: async (deadlineMs: number): Promise<void> => {
      isDraining = true;
      const all = Promise.all(places);
      if ((await within(all, { ms: deadlineMs, late: null })) !== null) return;
      stopping.abort(new Error('the worker is stopping'));
      await within(all, { ms: LAST_WORDS_MS, late: null });
    },
  };
}

function mustBeWoken(outcome: RunOutcome): boolean {
  switch (outcome.status) {
    case 'at-rest':
      // One that is stuck is shown among the failed jobs.
      return outcome.saga?.open === true;
    case 'fenced':
      return false;
    default:
      return true;
  }
}
