// The engine's front door: begin a saga, read it, request its cancellation, wait for its end. Callers never
// see leases, epochs or queues.

import { randomBytes } from 'node:crypto';
import type { Json } from './json.ts';
import type { SagaRecord } from './log/record.ts';
import { FIRST_EPOCH, type NewSaga, type SagaLog } from './log/saga-log.ts';
import { initialState } from './machine/state.ts';
import { createOperators, type Order, type OrderResult } from './operate/operators.ts';
import { type Plan, planOf } from './operate/plan.ts';
import { type PreemptResult, preempt } from './operate/preempt.ts';
import { type CancelResult, requestCancel } from './operate/request-cancel.ts';
import { waitForEnd } from './operate/wait-for-end.ts';
import { wakeNow } from './operate/wake.ts';
import type { WakeUps } from './queue/wake-ups.ts';
import type { RegisteredSaga, Registry } from './registry.ts';
import { type Clock, isMoment } from './run/clock.ts';
import type { Place } from './run/local-runs.ts';
import { ownCopy } from './run/own-copy.ts';
import { atRisk } from './run/saga-facts.ts';
import { traced } from './run/traced.ts';
import type { Tracer } from './run/tracer.ts';
import { childSagaId, makeSagaId, type SagaId, toSagaId } from './saga-id.ts';

export interface Sagas
  extends Pick<SagaLog, 'find' | 'findRevisions' | 'findByKey' | 'list' | 'findHolders'> {
  /** An id for a caller that binds it to something of its own before it starts the saga under it. */
  newId(kind: string): SagaId;
  /** The id of the one saga of this kind that a parent begins under this name. A worker that takes the parent over, and one
   * that was only paused, order the same child under it. */
  childId(kind: string, parent: SagaId, name: string): SagaId;
  /** Stores the saga durably, then wakes a worker. An open saga of the same key is returned instead (I8).
   * @throws UnavailableError when it could not be made durable: nothing was promised; HoldError for an input that the log
   * cannot hold; TypeError or RangeError for a key that is no text, an id or a moment that is none. */
  start(
    order: SagaOrder,
  ): Promise<{ readonly status: 'inserted' | 'exists'; readonly saga: SagaRecord }>;
  /** One conditional write against the pivot (I6). */
  requestCancel(id: SagaId, by: string): Promise<CancelResult>;
  /** Ends those of these sagas that are preemptible, so that another may have their key (I8: the key stays unique).
   * @param sagas of one key, as `findByKey` gives them. */
  preempt(sagas: readonly SagaRecord[], by: string): Promise<PreemptResult>;
  /** An operator's verb; of two at once one decides. `retry` of a saga that is not stuck only makes its wake-up
   * again. */
  order(id: SagaId, order: Order): Promise<OrderResult>;
  /** What each verb would do to the saga, with fresh observations of the world; null: no such saga, or none of a
   * version that this process knows. */
  plan(saga: SagaRecord, signal: AbortSignal): Promise<Plan | null>;
  /**
   * What is locked up while the saga is open, in its definition's unit; null for a kind, or a version, that defines
   * nothing.
   */
  atRisk(saga: SagaRecord): number | null;
  /** Wakes a saga that waits: for the end of its child. One that does something else is left alone. */
  wakeNow(id: SagaId): Promise<void>;
  /** The newest record: ended or stuck, or as it is when time is over. Null: no such saga. */
  waitForEnd(id: SagaId, timeoutMs: number, signal: AbortSignal): Promise<SagaRecord | null>;
  /** Resolves when the wake-ups that are on their way have left. */
  close(): Promise<void>;
}

export interface SagaOrder {
  readonly kind: string;
  /**
   * The whole id, made before by `newId` or `childId`: a second order under it gets the first one's saga, regardless of its other
   * fields.
   */
  readonly id?: SagaId;
  /** Who may see it; the product gives it a meaning. */
  readonly subject: string;
  /** For the history. */
  readonly requestedBy: string;
  readonly input: Json;
  /** The saga that waits for this one. */
  readonly parent?: SagaId;
  /** Accepted now, begun not before this moment. Database time, ms; null and missing: at once. */
  readonly notBeforeMs?: number | null;
}

export interface SagasOptions {
  readonly log: SagaLog;
  readonly registry: Registry;
  readonly wakeUps: WakeUps;
  readonly clock: Clock;
  /** A wake-up that failed is only worth a log line: the relay makes another. */
  readonly onWakeFailed: (error: unknown) => void;
  readonly tracer?: Tracer | undefined;
  /** A place in a worker of this process, for a saga that may begin at once. Default: its wake-up finds a worker. */
  readonly reserve?: (registered: RegisteredSaga, input: Json) => Place | null;
}

export function createSagas(options: SagasOptions): Sagas {
  const { log, registry, clock } = options;
  const waking = new Set<Promise<unknown>>();

  // Not awaited: the promise to the caller rests on the log, and a slow Redis must not slow it.
  function send(wakeUp: Promise<unknown>): void {
    const call = wakeUp
      .then(() => undefined, options.onWakeFailed)
      .finally(() => waking.delete(call));
    waking.add(call);
  }

  const prefixOf = (kind: string) => registry.newest(kind).definition.idPrefix ?? 'saga';
  const newId = (kind: string) => makeSagaId(prefixOf(kind), clock.nowMs(), randomBytes(16));

  return {
    newId,
    childId: (kind, parent, name) => childSagaId({ kind, prefix: prefixOf(kind) }, parent, name),
    start: async (order) => {
      const { kind, subject, requestedBy, parent = null, notBeforeMs = null } = order;
      const id = order.id === undefined ? newId(kind) : toSagaId(order.id);
      if (notBeforeMs !== null && !isMoment(notBeforeMs)) {
        throw new RangeError(`a saga cannot begin at ${notBeforeMs}, which is no moment`);
      }
      const input = ownCopy(order.input, 'the input');
      const registered = registry.newest(kind);
      const { definition, shape } = registered;
      const saga: NewSaga = {
        id,
        kind,
        version: definition.version,
        key: keyOf(registered, input),
        subject,
        requestedBy,
        parent,
        input,
        state: initialState(shape),
        ...(notBeforeMs !== null && { notBeforeMs }),
      };
      const place = notBeforeMs === null ? options.reserve?.(registered, input) : null;
      const { result, within, hasBegun } = await acceptAt(options, saga, place ?? null);
      if (result.status === 'inserted' && !hasBegun) {
        send(within(() => options.wakeUps.wake(result.saga.id, kind)));
      }
      return { status: result.status, saga: result.saga };
    },
    find: (id) => log.find(id),
    findRevisions: (ids) => log.findRevisions(ids),
    findByKey: (key, limit) => log.findByKey(key, limit),
    list: (filter) => log.list(filter),
    requestCancel: async (id, by) => {
      const result = await requestCancel(options, id, by);
      // A saga that sleeps through a backoff must compensate now, not when its time has come.
      if (result.status === 'requested' && result.saga.open) {
        send(options.wakeUps.requeue(id, result.saga.kind));
      }
      return result;
    },
    preempt: (sagas, by) => preempt(options, sagas, by),
    plan: async (saga, signal) => {
      const registered = registry.find(saga.kind, saga.version);
      return registered === undefined ? null : planOf(registered, saga, clock, signal);
    },
    atRisk: (saga) => {
      const registered = registry.find(saga.kind, saga.version);
      return registered === undefined ? null : atRisk(registered.definition, saga);
    },
    order: createOperators({ ...options, onLost: options.onWakeFailed }),
    wakeNow: async (id) => {
      const saga = await wakeNow(options, id);
      if (saga !== null) send(options.wakeUps.requeue(id, saga.kind));
    },
    findHolders: (keys) => log.findHolders(keys),
    waitForEnd: (id, timeoutMs, signal) => waitForEnd(log, id, timeoutMs, signal),
    close: async () => {
      await Promise.all(waking);
    },
  };
}

// One that is no text, or that is stored as another text, would be the key of sagas that have nothing in common, and a caller
// would get the job of another (I8).
function keyOf({ definition }: RegisteredSaga, input: Json): string {
  const key: unknown = definition.key(input);
  if (typeof key === 'string' && key.isWellFormed()) return key;
  throw new TypeError(`the key of ${definition.name} is no well-formed text: ${typeof key}`);
}

// In the place that is held for it the saga is accepted already claimed, and begins at once.
async function acceptAt(options: SagasOptions, saga: NewSaga, place: Place | null) {
  if (place === null) return { ...(await accept(options, saga)), hasBegun: false };
  const { claim, state } = place;
  const sentAtMs = options.clock.monotonicMs();
  let hasBegun = false;
  try {
    const accepted = await accept(options, { ...saga, state, claim });
    const { result } = accepted;
    if (result.claim !== undefined) {
      place.begin({ saga: result.saga, claim: result.claim, sentAtMs });
      hasBegun = true;
    }
    return { ...accepted, hasBegun };
  } catch (error) {
    // It may have been stored all the same: without its lease the relay need not wait until that runs out.
    const lost = { sagaId: saga.id, epoch: FIRST_EPOCH, owner: claim.owner };
    void options.log.release(lost).catch(() => undefined);
    throw error;
  } finally {
    if (!hasBegun) place.giveUp();
  }
}

// The wake-up follows from the acceptance, and is traced under it.
async function accept({ log, tracer }: SagasOptions, saga: NewSaga) {
  const span = tracer?.acceptance(saga);
  const order = span === undefined ? saga : { ...saga, traceparent: span.traceparent };
  const result = await traced(
    span,
    () => log.insert(order),
    ({ status }) => ({ outcome: status, errorCode: null }),
  );
  return { result, within: span?.within ?? (<T>(work: () => T) => work()) };
}
