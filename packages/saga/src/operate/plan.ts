// What the operator's verbs would do to a saga, before one is ordered: which are allowed and why not, the steps each
// would take if everything went well, and what an observation of each step finds right now. Changes nothing.

import type { Observation } from '../definition.ts';
import { FencedError, InDoubtError } from '../errors.ts';
import type { SagaRecord } from '../log/record.ts';
import type { SagaEvent } from '../machine/events.ts';
import { apply, decide } from '../machine/machine.ts';
import type { SagaState } from '../machine/state.ts';
import type { RegisteredSaga } from '../registry.ts';
import type { Clock } from '../run/clock.ts';
import { withDeadline } from '../run/deadline.ts';
import { toFailure } from '../run/failure.ts';
import { atRisk, releasesOf } from '../run/saga-facts.ts';
import { callOf } from '../run/step-call.ts';
import { choicesOf, orderOn, VERBS, type Verb } from './operators.ts';

export interface Plan {
  readonly verbs: readonly PlannedVerb[];
  readonly observations: readonly StepObservation[];
  /** Minor units of money locked up while the saga does not end; null for a kind that holds no money. */
  readonly atRisk: number | null;
}

export type PlannedVerb =
  | { readonly verb: Verb; readonly isAllowed: false; readonly reason: string }
  /** `does`: the commands of the machine, in their order, if everything succeeds; of `resolve`, what the saga's end gives
   * back. */
  | {
      readonly verb: Verb;
      readonly isAllowed: true;
      readonly does: readonly string[];
      /** What may be chosen with it. */
      readonly choices: readonly string[];
    };

export interface StepObservation {
  readonly step: string;
  readonly outcome: Observation['outcome'];
  readonly reason: string | null;
}

/** A source that hangs is unknown: the operator reads the plan now. */
const OBSERVE_TIMEOUT_MS = 5_000;
/** More commands than any saga has steps, there and back. */
const MAX_COMMANDS = 60;

export async function planOf(
  registered: RegisteredSaga,
  record: SagaRecord,
  clock: Clock,
  signal: AbortSignal,
): Promise<Plan> {
  return {
    verbs: VERBS.map((verb) => planVerb(registered, record, verb, clock.nowMs())),
    observations: await observeSteps(registered, record, clock, signal),
    atRisk: atRisk(registered.definition, record),
  };
}

function planVerb(
  registered: RegisteredSaga,
  record: SagaRecord,
  verb: Verb,
  nowMs: number,
): PlannedVerb {
  const { state } = record;
  const ordered = orderOn(registered, state, { verb }, nowMs);
  return 'refused' in ordered
    ? { verb, isAllowed: false, reason: ordered.refused }
    : {
        verb,
        isAllowed: true,
        does:
          verb === 'resolve'
            ? endOf(registered, record)
            : rehearse(registered, ordered.state, nowMs),
        choices: verb === 'retry' ? choicesOf(registered, state) : [],
      };
}

// Nothing is done or undone: what the saga holds is given back, and its key.
function endOf({ definition }: RegisteredSaga, record: SagaRecord): readonly string[] {
  return [...releasesOf(definition, record), 'ends as vouched'];
}

// The machine itself decides what it would do: each of its commands is answered with success.
function rehearse({ shape }: RegisteredSaga, from: SagaState, atMs: number): readonly string[] {
  const does: string[] = [];
  let state = from;
  while (does.length < MAX_COMMANDS) {
    const command = decide(shape, state);
    if (command.type === 'rest') {
      return [...does, state.phase === 'stuck' ? 'stands still' : `ends ${state.phase}`];
    }
    const event = successOf(command, atMs);
    if ('step' in command && command.type !== 'begin' && command.type !== 'capture') {
      does.push(`${command.type} ${shape.steps[command.step]?.name}`);
    }
    state = apply(shape, state, event);
  }
  return does;
}

function successOf(command: Exclude<ReturnType<typeof decide>, { type: 'rest' }>, atMs: number) {
  const success = { value: null, warnings: [], atMs } as const;
  const events: Record<string, (step: number) => SagaEvent> = {
    fence: () => ({ type: 'effects-fenced' }),
    'capture-all': () => ({ type: 'captured-all', captures: [], atMs }),
    capture: (step) => ({ type: 'captured', step, capture: {} }),
    begin: (step) => ({ type: 'begun', step }),
    run: (step) => ({ type: 'succeeded', step, ...success }),
    observe: (step) => ({ type: 'succeeded', step, ...success }),
    abort: (step) => ({
      type: 'aborted',
      step,
      observed: { outcome: 'absent' },
      atMs,
      retryAtMs: null,
    }),
    compensate: (step) => ({ type: 'compensated', step, atMs }),
  };
  const make = events[command.type];
  if (make === undefined) throw new RangeError(`no success of ${command.type}`);
  return make('step' in command ? command.step : 0);
}

function observeSteps(
  { definition }: RegisteredSaga,
  record: SagaRecord,
  clock: Clock,
  signal: AbortSignal,
): Promise<readonly StepObservation[]> {
  // A plan owns nothing: every call that would change the world is refused.
  const refuse = async () => {
    throw new FencedError(record.id, record.epoch);
  };
  const context = { definition, record, signal, clock, random: () => 0 };
  return Promise.all(
    definition.steps.flatMap((step, index) => {
      const isKnown = record.state.steps[index]?.startedAtMs !== null;
      const { observe } = step;
      if (observe === undefined || !isKnown) return [];
      const observation = (cut: AbortSignal) =>
        observe.call(step, callOf({ ...context, fence: refuse, fencedWrite: refuse }, index, cut));
      return [observeOne(step.name, observation, signal)];
    }),
  );
}

async function observeOne(
  step: string,
  observation: (signal: AbortSignal) => Promise<Observation>,
  signal: AbortSignal,
): Promise<StepObservation> {
  try {
    const observed = await withDeadline(observation, {
      ms: OBSERVE_TIMEOUT_MS,
      signal,
      late: () => new InDoubtError('TIMEOUT', `no answer within ${OBSERVE_TIMEOUT_MS} ms`),
    });
    const reason = observed.outcome === 'unknown' ? observed.reason : null;
    return { step, outcome: observed.outcome, reason };
  } catch (error) {
    return { step, outcome: 'unknown', reason: toFailure(error).message };
  }
}
