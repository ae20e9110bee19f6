// Every event that may follow a command of the machine, and every event that may come at any moment besides: what the
// searches over the machine go through. The events of one alphabet are the same objects whenever they are requested
// for, so that a search can remember where each leads.

import type { Command, SagaEvent } from '../../machine/events.ts';
import type { SagaShape } from '../../machine/shape.ts';
import type { StepFailure } from '../../machine/state.ts';

const AT = { atMs: 1, retryAtMs: 2 };
const CLASSES = ['terminal', 'hold', 'retryable', 'unavailable', 'in-doubt'] as const;
export const CLAIMED_AGAIN: SagaEvent = { type: 'claimed', resumed: true };

/** The one order that ends the claim of the worker. */
export const HOLD: SagaEvent = { type: 'hold-ordered', atMs: 1 };

const ORDERS: readonly SagaEvent[] = [
  { type: 'cancel-requested', atMs: 1 },
  { type: 'woken' },
  HOLD,
  { type: 'retry-ordered', atMs: 1 },
  { type: 'compensate-ordered', atMs: 1 },
  { type: 'skip-ordered', atMs: 1 },
  { type: 'resolve-ordered', outcome: 'completed', atMs: 1 },
  { type: 'resolve-ordered', outcome: 'compensated', atMs: 1 },
];

/** @param mayGiveUp the steps whose deadline may end them with a warning, regardless of their effect. */
export function eventsOf(shape: SagaShape, mayGiveUp: readonly number[] = []) {
  const known = new Map<string, readonly SagaEvent[]>();
  return {
    /** What people may order at any moment: a cancel, a wake, the verbs of an operator. */
    orders: ORDERS,
    /** What the world may answer to a command. */
    answersTo: (command: Command): readonly SagaEvent[] => {
      const key = 'step' in command ? `${command.type} ${command.step}` : command.type;
      const answers = known.get(key) ?? answersOf(shape, command, mayGiveUp);
      known.set(key, answers);
      return answers;
    },
  };
}

function answersOf(
  shape: SagaShape,
  command: Command,
  mayGiveUp: readonly number[],
): readonly SagaEvent[] {
  switch (command.type) {
    case 'rest':
      return [];
    case 'fence':
      return [{ type: 'effects-fenced' }, ...notFenced(shape)];
    case 'capture-all':
      return captures(shape);
    case 'begin':
      return [{ type: 'begun', step: command.step }];
    default:
      return [...successes(shape, command), ...failures(shape, command, mayGiveUp)];
  }
}

/** Wherever the saga is: what is said of another step, or of the other direction, changes nothing. */
function notFenced({ steps }: SagaShape): readonly SagaEvent[] {
  return steps.flatMap((_, step) =>
    (['failed', 'compensation-failed'] as const).map((type) => {
      return { type, step, failure: failure('hold'), ...AT };
    }),
  );
}

/** Every choice of sources that can be read now. */
function captures({ steps }: SagaShape): readonly SagaEvent[] {
  const undoable = steps.filter(({ kind }) => kind === 'compensatable').length;
  return Array.from({ length: 2 ** undoable }, (_, mask) => ({
    type: 'captured-all',
    captures: steps.map((_, step) => ((mask >> step) & 1 ? 'c' : null)),
    atMs: 1,
  }));
}

type StepCommand = Extract<
  Command,
  { type: 'capture' | 'run' | 'observe' | 'abort' | 'compensate' }
>;

function successes({ steps }: SagaShape, { type, step }: StepCommand): readonly SagaEvent[] {
  switch (type) {
    case 'capture':
      return [{ type: 'captured', step, capture: 'c' }];
    case 'run':
      return [
        { type: 'succeeded', step, value: null, warnings: [], atMs: 1 },
        { type: 'postponed', step, value: null, untilMs: 2, atMs: 1 },
      ];
    case 'compensate':
      return [{ type: 'compensated', step, atMs: 1 }];
    default: {
      const answer = type === 'observe' ? 'observed' : 'aborted';
      const reason = `${steps[step]?.name} cannot be observed`;
      const observed = [
        { outcome: 'landed' },
        { outcome: 'absent' },
        { outcome: 'unknown', reason },
      ] as const;
      return observed.map((one) => ({ type: answer, step, observed: one, ...AT }));
    }
  }
}

// An observation that a step throws Terminal from is one that answered unknown; its deadline may still decide so, but
// the abort of a pivot has none.
function failures(
  { steps }: SagaShape,
  { type, step }: StepCommand,
  mayGiveUp: readonly number[],
): readonly SagaEvent[] {
  const kind = type === 'compensate' ? 'compensation-failed' : 'failed';
  const classes = CLASSES.filter((one) => one !== 'terminal' || type !== 'abort');
  const failed = classes.map(
    (one) => ({ type: kind, step, failure: failure(one), ...AT }) as const,
  );
  if (type === 'compensate' || !mayGiveUp.includes(step)) return failed;
  const warnings = [{ code: unfinished(steps[step]?.name ?? ''), message: 'given up' }];
  return [...failed, { type: 'succeeded', step, value: null, warnings, atMs: 1 }];
}

function failure(one: StepFailure['class']): StepFailure {
  return { class: one, code: 'X', message: 'x' };
}

/** The warning that names a step whose effect may be missing: the machine's own code for one that was skipped. */
export function unfinished(step: string): string {
  return `${step}-unfinished`;
}
