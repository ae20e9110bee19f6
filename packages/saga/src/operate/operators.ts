// What an operator may order: hold makes a saga that is under way stuck, whatever it waits for (I1: nothing that never comes
// keeps an end away); retry, compensate, skip and resolve lead on from there. Every order has an identity and a reason in the
// audit trail, and is one conditional write: of two operators one decides, the other gets a conflict. A hold and the worker's
// next write are decided between them in the same way: what the worker wrote before stands, and nothing of its claim
// lands after (I5).

import { assertNever } from '../assert-never.ts';
import type { SagaRecord } from '../log/record.ts';
import type { SagaEvent } from '../machine/events.ts';
import { apply } from '../machine/machine.ts';
import { isEnded, type SagaState } from '../machine/state.ts';
import type { WakeUps } from '../queue/wake-ups.ts';
import type { RegisteredSaga } from '../registry.ts';
import type { SagaId } from '../saga-id.ts';
import { type InterveneDeps, intervene } from './intervene.ts';
import { owesRelease, type ReleaseDeps, releaseEnded } from './release-ended.ts';

export const VERBS = ['retry', 'compensate', 'skip', 'hold', 'resolve'] as const;
export type Verb = (typeof VERBS)[number];

export interface Order {
  readonly verb: Verb;
  /** For the audit trail: who, and why. */
  readonly by: string;
  readonly reason: string;
  /** Of `resolve`: what the operator vouches for. */
  readonly outcome?: 'completed' | 'compensated';
  /** Of `retry`: one of those that the definition offers for the cause that the saga is stuck for. */
  readonly choice?: string;
}

export type OrderResult =
  | { readonly status: 'ordered'; readonly saga: SagaRecord }
  /** The verb is not allowed in this state. */
  | { readonly status: 'refused'; readonly reason: string; readonly saga: SagaRecord }
  /** Another process changed it just now: read it again before ordering anything. */
  | { readonly status: 'conflict' }
  | { readonly status: 'not-found' };

export interface OperatorsOptions extends InterveneDeps, ReleaseDeps {
  readonly log: InterveneDeps['log'] & ReleaseDeps['log'];
  readonly wakeUps: Pick<WakeUps, 'requeue'>;
  /** A wake-up or a release that failed: the relay makes up for it. */
  readonly onLost: (error: unknown) => void;
}

export type GiveOrder = (id: SagaId, order: Order) => Promise<OrderResult>;

/** The order was made on what the operator saw: a saga that has changed since is shown again first. But a hold means the
 * same wherever the saga is, and attempts that fail must not outrun it. */
const triesOf = ({ verb }: Order) => (verb === 'hold' ? undefined : 1);

export function createOperators(options: OperatorsOptions): GiveOrder {
  const { clock } = options;
  const decide = (order: Order) => (saga: SagaRecord, registered: RegisteredSaga | undefined) => {
    const refuse = (reason: string) => ({ answer: { status: 'refused', reason, saga } as const });
    if (registered === undefined) return refuse(`no definition of version ${saga.version}`);
    const { choice } = order;
    if (choice !== undefined && !choicesOf(registered, saga.state).includes(choice)) {
      return refuse(`${choice} is no choice where it stands`);
    }
    const event = eventOf(order, clock.nowMs());
    const fences = order.verb === 'hold';
    const isOwed = order.verb === 'resolve' && owesRelease(registered);
    const change = { registered, event, step: stepOf(saga), detail: auditOf(order) };
    return { ...change, fences, owesRelease: isOwed };
  };
  return async (id, order) => {
    const ordered = await intervene<OrderResult>(options, id, decide(order), triesOf(order));
    switch (ordered.status) {
      case 'landed':
        await follow(options, ordered.saga, order);
        return { status: 'ordered', saga: ordered.saga };
      case 'unchanged':
        return withoutEffect(options, ordered.saga, order);
      case 'answered':
        return ordered.answer;
      default:
        return ordered;
    }
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
  try {
    return definition.choices?.(cause) ?? [];
  } catch {
    // The other verbs, and a plain retry, need none.
    return [];
  }
}

function eventOf(
  { verb, outcome = 'completed', choice }: Pick<Order, 'verb' | 'outcome' | 'choice'>,
  atMs: number,
): SagaEvent {
  if (verb === 'resolve') return { type: 'resolve-ordered', outcome, atMs };
  if (verb !== 'retry') return { type: `${verb}-ordered`, atMs };
  return { type: 'retry-ordered', atMs, ...(choice === undefined ? {} : { choice }) };
}

// A saga that is under way needs no order to continue; its wake-up is made again, in case it was lost.
async function withoutEffect(
  options: OperatorsOptions,
  saga: SagaRecord,
  { verb }: Order,
): Promise<OrderResult> {
  if (verb !== 'retry' || isEnded(saga.state.phase)) {
    return { status: 'refused', reason: whyNot(saga.state, verb), saga };
  }
  await options.wakeUps.requeue(saga.id, saga.kind).catch(options.onLost);
  return { status: 'ordered', saga };
}

function whyNot({ phase, pivotBegun, stuckFrom }: SagaState, verb: Verb): string {
  if (isEnded(phase)) return `it is ${phase}`;
  switch (verb) {
    case 'hold':
      return phase === 'stuck' ? 'it is stuck already' : 'it has not begun: a cancel ends it';
    case 'retry':
    case 'resolve':
      return 'it is not stuck';
    case 'compensate':
      if (pivotBegun) return 'the point of no return is passed: it only goes forward';
      return stuckFrom === 'compensating' ? 'it is compensating already' : 'it is not stuck';
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

// After the write: a lock released before it would be released by the operator who lost the race.
async function follow(
  options: OperatorsOptions,
  record: SagaRecord,
  { verb }: Order,
): Promise<void> {
  const { wakeUps, onLost } = options;
  if (!isEnded(record.state.phase)) await wakeUps.requeue(record.id, record.kind).catch(onLost);
  else if (verb === 'resolve') await releaseEnded(options, record).catch(onLost);
}
