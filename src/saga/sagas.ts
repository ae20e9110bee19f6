// The engine's front door: begin a saga, read it, ask for its cancellation, wait for its end. Callers never
// see leases, epochs or queues.

import { randomBytes, randomUUID } from 'node:crypto';
import type { SagaId } from '../domain/ids.ts';
import { pause } from './deadline.ts';
import { initialState } from './initial-state.ts';
import type { Json } from './json.ts';
import { apply } from './machine.ts';
import { createOperators, type Order, type OrderResult } from './operators.ts';
import { type Plan, planOf } from './plan.ts';
import type { Clock } from './ports/clock.ts';
import type { NewSaga, SagaFilter, SagaLog, SagaPage } from './ports/saga-log.ts';
import type { Tracer } from './ports/tracer.ts';
import type { WakeUps } from './ports/wake-ups.ts';
import type { SagaRecord } from './record.ts';
import type { Registry } from './registry.ts';
import { atRiskMinor } from './saga-facts.ts';
import { makeSagaId } from './saga-id.ts';
import { isAtRest, isEnded } from './state.ts';
import { insertTraced } from './traced.ts';

export interface Sagas {
  /** An id for a caller that binds it to something of its own before it starts the saga under it. */
  newId(idPrefix: string): SagaId;
  /** Stores the saga durably, then wakes a worker. An open saga of the same key is returned instead (I8).
   * @throws UnavailableError when it could not be made durable: nothing was promised. */
  start(
    order: SagaOrder,
  ): Promise<{ readonly status: 'inserted' | 'exists'; readonly saga: SagaRecord }>;
  find(id: SagaId): Promise<SagaRecord | null>;
  findRevisions(ids: readonly SagaId[]): ReturnType<SagaLog['findRevisions']>;
  findByKey(key: string, limit: number): Promise<readonly SagaRecord[]>;
  list(filter: SagaFilter): Promise<SagaPage>;
  /** One conditional write against the pivot (I6). */
  requestCancel(id: SagaId, by: string): Promise<CancelResult>;
  /** Ends those of these sagas that yield, so that another may have their key (I8: the key stays unique).
   * @param sagas of one key, as `findByKey` gives them. */
  makeRoom(sagas: readonly SagaRecord[], by: string): Promise<Room>;
  /** An operator's verb; of two at once one decides. `retry` of a saga that is not stuck only makes its wake-up
   * again. */
  order(id: SagaId, order: Order): Promise<OrderResult>;
  /** What each verb would do to the saga, with fresh looks at the world; null: no such saga, or none of a version
   * that this process knows. */
  plan(saga: SagaRecord, signal: AbortSignal): Promise<Plan | null>;
  /** Cents that are locked up while the saga is open; null for a kind, or a version, that tells nothing. */
  atRiskMinor(saga: SagaRecord): number | null;
  /** Wakes a saga that waits: for the end of its child. One that does something else is left alone. */
  nudge(id: SagaId): Promise<void>;
  /** Which of these keys an open saga holds, and which saga. */
  findHolders(keys: readonly string[]): Promise<ReadonlyMap<string, SagaId>>;
  /** The newest record: ended or stuck, or as it is when time is over. Null: no such saga. */
  waitForEnd(id: SagaId, timeoutMs: number, signal: AbortSignal): Promise<SagaRecord | null>;
  /** Resolves when the wake-ups that are on their way have left. */
  close(): Promise<void>;
}

export interface SagaOrder {
  readonly kind: string;
  /** What the id begins with, e.g. `del`. */
  readonly idPrefix: string;
  /** The whole id, made before by `newId`: a second order under it gets the first one's saga, whatever else it
   * says. */
  readonly id?: SagaId;
  readonly subject: string;
  readonly requestedBy: string;
  readonly input: Json;
  /** The saga that waits for this one. */
  readonly parent?: SagaId;
  /** Accepted now, begun not before this moment. Database time, ms; null and missing: at once. */
  readonly notBeforeMs?: number | null;
}

export interface Room {
  /** Of the sagas given, those that do not yield. */
  readonly others: readonly SagaRecord[];
  /** When no call of those that yielded is under way any more, for `SagaOrder.notBeforeMs`; null where there is none to
   * wait for. Database time, ms. */
  readonly notBeforeMs: number | null;
}

export type CancelResult =
  | { readonly status: 'requested'; readonly saga: SagaRecord }
  | { readonly status: 'too-late'; readonly saga: SagaRecord }
  | { readonly status: 'ended'; readonly saga: SagaRecord }
  | { readonly status: 'not-found' };

export interface SagasOptions {
  readonly log: SagaLog;
  readonly registry: Registry;
  readonly wakeUps: WakeUps;
  readonly clock: Clock;
  /** A wake-up that failed is only worth a log line: the relay makes another. */
  readonly onWakeFailed: (error: unknown) => void;
  readonly tracer?: Tracer | undefined;
}

/** How often an open saga is looked at while somebody waits for its end. */
const WATCH_EVERY_MS = 25;
/** A cancel against a saga that changes all the time: its worker writes a few times a second at most. */
const MAX_CANCEL_TRIES = 20;

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

  const newId = (idPrefix: string) => makeSagaId(idPrefix, clock.nowMs(), randomBytes(16));

  return {
    newId,
    start: async (order) => {
      const {
        kind,
        idPrefix,
        id = newId(idPrefix),
        subject,
        requestedBy,
        input,
        parent = null,
        notBeforeMs = null,
      } = order;
      const { definition, shape } = registry.newest(kind);
      const { result, within } = await accept(options, {
        id,
        kind,
        version: definition.version,
        key: definition.key(input),
        subject,
        requestedBy,
        parent,
        input,
        state: initialState(shape),
        ...(notBeforeMs !== null && { notBeforeMs }),
      });
      if (result.status === 'inserted') {
        send(within(() => options.wakeUps.wake(result.saga.id, kind)));
      }
      return result;
    },
    find: (id) => log.find(id),
    findRevisions: (ids) => log.findRevisions(ids),
    findByKey: (key, limit) => log.findByKey(key, limit),
    list: (filter) => log.list(filter),
    requestCancel: async (id, by) => {
      const result = await cancel(options, id, by);
      // A saga that sleeps through a backoff is to turn back now, not when its time has come.
      if (result.status === 'requested' && result.saga.open) {
        send(options.wakeUps.revive(id, result.saga.kind));
      }
      return result;
    },
    makeRoom: (sagas, by) => makeRoom(options, sagas, by),
    plan: async (saga, signal) => {
      const registered = registry.find(saga.kind, saga.version);
      return registered === undefined ? null : planOf(registered, saga, clock, signal);
    },
    atRiskMinor: (saga) => {
      const registered = registry.find(saga.kind, saga.version);
      return registered === undefined ? null : atRiskMinor(registered.definition, saga);
    },
    order: createOperators({ ...options, onLost: options.onWakeFailed }),
    nudge: async (id) => {
      const saga = await nudge(options, id);
      if (saga !== null) send(options.wakeUps.revive(id, saga.kind));
    },
    findHolders: (keys) => log.findHolders(keys),
    waitForEnd: (id, timeoutMs, signal) => waitForEnd(log, id, timeoutMs, signal),
    close: async () => {
      await Promise.all(waking);
    },
  };
}

// The wake-up follows from the acceptance, and is traced under it.
async function accept({ log, tracer }: SagasOptions, saga: NewSaga) {
  const span = tracer?.acceptance(saga);
  if (span === undefined) {
    return { result: await log.insert(saga), within: <T>(work: () => T) => work() };
  }
  const { traceparent } = span;
  return {
    result: await insertTraced(span, () => log.insert({ ...saga, traceparent })),
    within: span.within,
  };
}

async function cancel(
  { log, registry, clock }: SagasOptions,
  id: SagaId,
  by: string,
): Promise<CancelResult> {
  for (let tries = 0; tries < MAX_CANCEL_TRIES; tries += 1) {
    const saga = await log.find(id);
    if (saga === null) return { status: 'not-found' };
    if (isEnded(saga.state.phase)) return { status: 'ended', saga };
    const registered = registry.find(saga.kind, saga.version);
    if (registered === undefined || saga.state.pivotBegun) return { status: 'too-late', saga };
    const state = apply(registered.shape, saga.state, {
      type: 'cancel-requested',
      atMs: clock.nowMs(),
    });
    if (state === saga.state) return { status: 'requested', saga };
    const event = { type: 'cancel-requested', step: null, detail: `by ${by}` };
    const written = await log.intervene({ base: saga, state, event, writeId: randomUUID() });
    if (written.status === 'landed') return { status: 'requested', saga: written.saga };
  }
  throw new Error(`saga ${id} changes faster than it can be cancelled`);
}

async function makeRoom(
  options: SagasOptions,
  sagas: readonly SagaRecord[],
  by: string,
): Promise<Room> {
  const others: SagaRecord[] = [];
  let untilMs = 0;
  for (const saga of sagas) {
    const registered = options.registry.find(saga.kind, saga.version);
    const yieldsWithinMs = registered?.definition.yieldsWithinMs;
    if (yieldsWithinMs === undefined) {
      others.push(saga);
      continue;
    }
    const endedMs = saga.open ? await giveWay(options, saga.id, by) : finishedMs(saga);
    if (endedMs !== null) untilMs = Math.max(untilMs, endedMs + yieldsWithinMs);
  }
  return { others, notBeforeMs: untilMs > options.clock.nowMs() ? untilMs : null };
}

// @returns when it ended, database time; null where nothing of it can be under way.
async function giveWay(
  { log, registry, clock }: SagasOptions,
  id: SagaId,
  by: string,
): Promise<number | null> {
  for (let tries = 0; tries < MAX_CANCEL_TRIES; tries += 1) {
    const saga = await log.find(id);
    if (saga === null) return null;
    if (isEnded(saga.state.phase)) return finishedMs(saga);
    const registered = registry.find(saga.kind, saga.version);
    if (registered === undefined) return null;
    const event = { type: 'gave-way', atMs: clock.nowMs() } as const;
    const state = apply(registered.shape, saga.state, event);
    const logged = { type: event.type, step: null, detail: `to ${by}` };
    const written = await log.intervene({
      base: saga,
      state,
      event: logged,
      writeId: randomUUID(),
    });
    // One that was never claimed has called nobody.
    if (written.status === 'landed') return saga.epoch === 0 ? null : clock.nowMs();
  }
  throw new Error(`saga ${id} changes faster than it can be ended`);
}

// One that has completed has heard the answer of its last call.
function finishedMs({ finishedAt, state }: SagaRecord): number | null {
  return finishedAt === null || state.phase === 'completed' ? null : Date.parse(finishedAt);
}

/** Conflicts with the worker that is just going to sleep: it will look again by itself all the same. */
const MAX_NUDGES = 3;

// @returns null where there is nothing to wake.
async function nudge({ log, registry }: SagasOptions, id: SagaId): Promise<SagaRecord | null> {
  for (let tries = 0; tries < MAX_NUDGES; tries += 1) {
    const saga = await log.find(id);
    const registered = saga === null ? undefined : registry.find(saga.kind, saga.version);
    if (saga === null || registered === undefined) return null;
    const state = apply(registered.shape, saga.state, { type: 'nudged' });
    if (state === saga.state) return null;
    const event = { type: 'nudged', step: null, detail: null };
    const written = await log.intervene({ base: saga, state, event, writeId: randomUUID() });
    if (written.status === 'landed') return written.saga;
  }
  return null;
}

// Reads of many waiters are combined by the log into one query a round.
async function waitForEnd(
  log: SagaLog,
  id: SagaId,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<SagaRecord | null> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const saga = await log.find(id);
    if (saga === null || isAtRest(saga.state.phase)) return saga;
    const leftMs = end - performance.now();
    if (leftMs <= 0 || signal.aborted) return saga;
    await pause(Math.min(WATCH_EVERY_MS, leftMs), signal);
  }
}
