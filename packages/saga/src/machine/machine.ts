// The heart of the engine, as a pure function pair: `decide` gives the next command of a state, `apply` gives
// which state an event leads to. No clock, no I/O, no randomness: moments come in with the events. The
// runner executes the command that `decide` gives, one at a time, and stores the state that `apply` gives.
//
// I1: every path ends completed, compensated, cancelled or stuck. I6: `pivotBegun` is set by the event that
// begins the pivot, or the first retriable step where there is none, and once it is set the only way to compensation
// leads through `abort`. I9: phases never go back:
// an event that does not fit the state changes nothing (the same object is returned). The transitions themselves stand beside this file, by direction: forward.ts, backward.ts,
// orders.ts.

import { assertNever } from '../assert-never.ts';
import { undoFailed, undone } from './backward.ts';
import type { Command, SagaEvent } from './events.ts';
import {
  abort,
  beginAgain,
  captureAll,
  captureOne,
  fail,
  observe,
  postpone,
  resume,
  succeed,
  wakeNow,
} from './forward.ts';
import {
  cancel,
  endPreempted,
  orderBack,
  orderEnd,
  orderHold,
  orderSkip,
  resumeStuck,
} from './orders.ts';
import type { SagaShape } from './shape.ts';
import { isAtRest, type SagaState } from './state.ts';
import { isWorkingOn, shapeAt, stepAt } from './state-access.ts';

export function decide(shape: SagaShape, state: SagaState): Command {
  const { phase, cursor } = state;
  if (isAtRest(phase)) return { type: 'rest' };
  if (state.mustFence) return { type: 'fence' };
  if (phase === 'queued') return { type: 'capture-all' };
  if (phase === 'compensating') return { type: 'compensate', step: cursor };
  const { status, capture } = stepAt(state, cursor);
  if (status === 'aborting') return { type: 'abort', step: cursor };
  // Without a capture the effect cannot have happened: `run` waits for it, so there is nothing to observe.
  if (shapeAt(shape, cursor).kind === 'compensatable' && capture === null) {
    return { type: 'capture', step: cursor };
  }
  if (status === 'waiting') return { type: 'begin', step: cursor };
  return { type: status === 'in-doubt' ? 'observe' : 'run', step: cursor };
}

export function apply(shape: SagaShape, state: SagaState, event: SagaEvent): SagaState {
  switch (event.type) {
    case 'cancel-requested':
      return cancel(shape, state);
    case 'preempted':
      return endPreempted(shape, state);
    case 'hold-ordered':
      return orderHold(state);
    case 'retry-ordered':
      return resumeStuck(shape, state, event);
    case 'compensate-ordered':
      return orderBack(shape, state);
    case 'skip-ordered':
      return orderSkip(shape, state, event.atMs);
    case 'resolve-ordered':
      return orderEnd(state, event.outcome);
    default:
      return isAtRest(state.phase) ? state : advance(shape, state, event);
  }
}

type Orders =
  | 'cancel-requested'
  | 'preempted'
  | `${'hold' | 'retry' | 'compensate' | 'skip' | 'resolve'}-ordered`;

function advance(
  shape: SagaShape,
  state: SagaState,
  event: Exclude<SagaEvent, { type: Orders }>,
): SagaState {
  // What is reported of another step, or of the other direction, changes nothing.
  if ('step' in event && !isWorkingOn(state, event.step, directionOf(event.type))) return state;
  switch (event.type) {
    case 'claimed':
      return event.resumed ? resume(shape, state) : state;
    case 'effects-fenced':
      return state.mustFence ? { ...state, mustFence: false } : state;
    case 'captured-all':
      return state.phase === 'queued' ? captureAll(shape, state, event) : state;
    case 'captured':
      return captureOne(shape, state, event);
    case 'begun':
      return beginAgain(shape, state, event.step);
    case 'succeeded':
      return succeed(shape, state, event);
    case 'postponed':
      return postpone(shape, state, event);
    case 'woken':
      return wakeNow(state);
    case 'failed':
      return fail(shape, state, event);
    case 'observed':
      return observe(shape, state, event);
    case 'aborted':
      return abort(shape, state, event);
    case 'compensated':
      return undone(shape, state, event);
    case 'compensation-failed':
      return undoFailed(shape, state, event);
    default:
      return assertNever(event);
  }
}

function directionOf(type: SagaEvent['type']): 'running' | 'compensating' {
  return type === 'compensated' || type === 'compensation-failed' ? 'compensating' : 'running';
}
