// What an operator may order of a saga that is stuck: retry, compensate, skip, resolve. Every order has an identity
// and a reason in the audit trail, and is one conditional write: of two operators one decides, the other is told.

import { randomUUID } from 'node:crypto';
import { assertNever } from '../assert-never.ts';
import { UnavailableError } from '../errors.ts';
import type { SagaRecord } from '../log/record.ts';
import type { SagaLog } from '../log/saga-log.ts';
import type { SagaEvent } from '../machine/events.ts';
import { apply } from '../machine/machine.ts';
import { isEnded, type SagaState } from '../machine/state.ts';
import type { WakeUps } from '../queue/wake-ups.ts';
import type { RegisteredSaga, Registry } from '../registry.ts';
import type { Clock } from '../run/clock.ts';
import { withDeadline } from '../run/deadline.ts';
import { resultOf } from '../run/saga-facts.ts';
import { callOf } from '../run/step-call.ts';
import type { SagaId } from '../saga-id.ts';

export type Verb = 'retry' | 'compensate' | 'skip' | 'resolve';

export interface Order {
  readonly verb: Verb;
  /** For the audit trail: who, and why. */
  readonly by: string;
  readonly reason: string;
  /** Of `resolve`: what the operator vouches for. */
  readonly outcome?: 'completed' | 'compensated';
  /** Of `retry`: one of those that the definition offers for what the saga stands still on. */
  readonly choice?: string;
}

export type OrderResult =
  | { readonly status: 'ordered'; readonly saga: SagaRecord }
  /** The verb is not allowed in this state. */
  | { readonly status: 'refused'; readonly reason: string; readonly saga: SagaRecord }
  /** Somebody else changed it just now: look again before ordering anything. */
  | { readonly status: 'conflict' }
  | { readonly status: 'not-found' };

export interface OperatorsOptions {
  readonly log: Pick<SagaLog, 'find' | 'intervene'>;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly wakeUps: Pick<WakeUps, 'revive'>;
  /** A wake-up or a release that failed: the relay, and whoever finds the mark, make up for it. */
  readonly onLost: (error: unknown) => void;
}

export type GiveOrder = (id: SagaId, order: Order) => Promise<OrderResult>;

export function createOperators(options: OperatorsOptions): GiveOrder {
  const { log, registry, clock } = options;
  return async (id, order) => {
    const saga = await log.find(id);
    if (saga === null) return { status: 'not-found' };
    const registered = registry.find(saga.kind, saga.version);
    if (registered === undefined) {
      return { status: 'refused', reason: `no definition of version ${saga.version}`, saga };
    }
    const { choice } = order;
    if (choice !== undefined && !choicesOf(registered, saga.state).includes(choice)) {
      return { status: 'refused', reason: `${choice} is no choice where it stands`, saga };
    }
    const state = apply(registered.shape, saga.state, eventOf(order, clock.nowMs()));
    if (state === saga.state) return withoutEffect(options, saga, order);
    const event = { type: `${order.verb}-ordered`, step: stepOf(saga), detail: auditOf(order) };
    const result = isEnded(state.phase) ? resultOf(registered.definition, saga, state) : null;
    const intervention = { base: saga, state, event, result, writeId: randomUUID() };
    const written = await log.intervene(intervention);
    if (written.status !== 'landed') return { status: 'conflict' };
    await follow(options, registered, written.saga, order);
    return { status: 'ordered', saga: written.saga };
  };
}

/** What the verb does to a state, or why it does nothing: for the write and for the plan alike. */
export function orderOn(
  { shape }: RegisteredSaga,
  state: SagaState,
  order: Pick<Order, 'verb' | 'outcome'>,
  nowMs: number,
): { readonly state: SagaState } | { readonly refused: string } {
  const after = apply(shape, state, eventOf(order, nowMs));
  return after === state ? { refused: whyNot(state, order.verb) } : { state: after };
}

/** What may be chosen with a retry of a saga in this state. */
export function choicesOf(
  { definition }: RegisteredSaga,
  { phase, stuckFrom, cause }: SagaState,
): readonly string[] {
  if (phase !== 'stuck' || stuckFrom !== 'running' || cause === null) return [];
  return definition.choices?.(cause) ?? [];
}

function eventOf(
  { verb, outcome = 'completed', choice }: Pick<Order, 'verb' | 'outcome' | 'choice'>,
  atMs: number,
): SagaEvent {
  if (verb === 'resolve') return { type: 'resolve-ordered', outcome, atMs };
  if (verb !== 'retry') return { type: `${verb}-ordered`, atMs };
  return { type: 'retry-ordered', atMs, ...(choice === undefined ? {} : { choice }) };
}

// A saga that is under way needs no order to go on; its wake-up is made again, in case it was lost.
async function withoutEffect(
  options: OperatorsOptions,
  saga: SagaRecord,
  { verb }: Order,
): Promise<OrderResult> {
  if (verb !== 'retry' || isEnded(saga.state.phase)) {
    return { status: 'refused', reason: whyNot(saga.state, verb), saga };
  }
  await options.wakeUps.revive(saga.id, saga.kind).catch(options.onLost);
  return { status: 'ordered', saga };
}

function whyNot({ phase, pivotBegun, stuckFrom }: SagaState, verb: Verb): string {
  if (isEnded(phase)) return `it is ${phase}`;
  switch (verb) {
    case 'retry':
    case 'resolve':
      return 'it is not stuck';
    case 'compensate':
      if (pivotBegun) return 'the point of no return is passed: it only goes forward';
      return stuckFrom === 'compensating' ? 'it is on its way back already' : 'it is not stuck';
    case 'skip':
      return 'only a best-effort step that is stuck or waits can be skipped';
    default:
      return assertNever(verb);
  }
}

function stepOf({ state }: SagaRecord): string | null {
  return state.steps[state.cursor]?.name ?? null;
}

function auditOf({ by, reason, outcome, choice }: Order): string {
  const what = outcome ?? choice;
  return `by ${by}: ${what === undefined ? '' : `${what}: `}${reason}`;
}

/** The outside world may hold the saga's mark for a moment longer than the saga lives, but not for ever. */
const RELEASE_TIMEOUT_MS = 10_000;

// After the write: a mark given back before it would be given back by the operator who lost the race.
async function follow(
  { clock, wakeUps, onLost }: OperatorsOptions,
  { definition }: RegisteredSaga,
  record: SagaRecord,
  { verb }: Order,
): Promise<void> {
  if (!isEnded(record.state.phase)) {
    await wakeUps.revive(record.id, record.kind).catch(onLost);
    return;
  }
  if (verb !== 'resolve' || definition.release === undefined) return;
  const fence = async () => undefined;
  const release = (signal: AbortSignal) => {
    const scene = { definition, record, signal, clock, random: Math.random, fence };
    const call = callOf({ ...scene, fencedWrite: fence }, record.state.cursor, signal);
    return Promise.resolve(definition.release?.(call));
  };
  await withDeadline(release, {
    ms: RELEASE_TIMEOUT_MS,
    signal: new AbortController().signal,
    late: () => new UnavailableError('RELEASE_LATE', 'the mark was not given back in time'),
  }).catch(onLost);
}
