// A caller's wish that a saga end without effect. It is decided by one conditional write against the pivot (I6): whichever of
// the two lands first, the other reads it.

import { assertNever } from '../assert-never.ts';
import { RetryableError } from '../errors.ts';
import type { SagaRecord } from '../log/record.ts';
import { canUndo } from '../machine/standing.ts';
import { isEnded } from '../machine/state.ts';
import type { Clock } from '../run/clock.ts';
import type { SagaId } from '../saga-id.ts';
import { type Decide, type InterveneDeps, intervene } from './intervene.ts';

export type CancelResult =
  | { readonly status: 'requested'; readonly saga: SagaRecord }
  /** `pivot`: its point of no return is passed. `step`: what it does now cannot be undone. */
  | { readonly status: 'too-late'; readonly by: 'pivot' | 'step'; readonly saga: SagaRecord }
  | { readonly status: 'ended'; readonly saga: SagaRecord }
  | { readonly status: 'not-found' };

export interface CancelDeps extends InterveneDeps {
  readonly clock: Clock;
}

/** While it runs, a cancel is refused only by a record on which the saga has come further: one for every try, so that these
 * are enough for a saga of a hundred steps that take no time. */
const MAX_TRIES = 100;

/** @throws RetryableError when the saga changes faster than it can be cancelled. */
export async function requestCancel(
  deps: CancelDeps,
  id: SagaId,
  by: string,
): Promise<CancelResult> {
  const decide: Decide<CancelResult> = (saga, registered) => {
    const { phase, pivotBegun } = saga.state;
    if (isEnded(phase)) return { answer: { status: 'ended', saga } };
    if (registered === undefined || pivotBegun) {
      return { answer: { status: 'too-late', by: 'pivot', saga } };
    }
    if (!canUndo(registered.definition, saga.state)) {
      return { answer: { status: 'too-late', by: 'step', saga } };
    }
    const event = { type: 'cancel-requested', atMs: deps.clock.nowMs() } as const;
    const landsOn = phase === 'running' ? 'standing' : 'base';
    return { registered, event, detail: `by ${by}`, landsOn };
  };
  const cancelled = await intervene(deps, id, decide, MAX_TRIES);
  switch (cancelled.status) {
    case 'landed':
    case 'unchanged':
      return { status: 'requested', saga: cancelled.saga };
    case 'answered':
      return cancelled.answer;
    case 'not-found':
      return cancelled;
    case 'conflict':
      throw new RetryableError(
        'SAGA_CHANGES',
        `saga ${id} changes faster than it can be cancelled`,
      );
    default:
      return assertNever(cancelled);
  }
}
