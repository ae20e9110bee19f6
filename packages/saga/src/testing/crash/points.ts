// The places at which a worker can die, by name. A deed is one call of the engine to the definition (`run`,
// `observe`, `compensate`, …); each has a moment before it, one after its effect and before the log knows, and
// one when the log knows. They follow from the definition alone: a new step adds its points.

import type { SagaDefinition } from '../../definition.ts';

export type Point = string;

/** `before`: nothing happened yet. `after`: it has, and no log records it. `logged`: the log records it. */
export type Moment = 'before' | 'after' | 'logged';

export const CLAIM = 'claim';
export const RESUME = 'resume';
export const FENCE = 'fence';

export type Deed = 'capture' | 'begin' | 'run' | 'observe' | 'abort' | 'compensate';

export function deedOf(deed: Deed, step: string): string {
  return `${deed} ${step}`;
}

export function pointOf(deed: string, moment: Moment): Point {
  return `${deed}: ${moment}`;
}

/** One call of a port in the middle of a deed. */
export function callIn(deed: string, call: string): string {
  return `${deed}${IN}${call}`;
}

const IN = ' › ';

export function isCall(point: Point): boolean {
  return point.includes(IN);
}

/** Whether there was an answer that can be lost. */
export function hasAnswer(point: Point): boolean {
  return point.includes(`: ${AFTER}`);
}

const AFTER: Moment = 'after';

/** A call that was answered and a worker that dies before it does anything else: that is the next point. */
export function isPlaceToDie(point: Point): boolean {
  return !(isCall(point) && hasAnswer(point));
}

/** Every point of a definition at which a worker must have died before anything was shown. What takes a failure
 * or a port to be reached is not among them; it is found by running. */
export function pointsOf({ steps, fenceEffects }: SagaDefinition): readonly Point[] {
  const around = (deed: string) => [
    pointOf(deed, 'before'),
    pointOf(deed, 'after'),
    pointOf(deed, 'logged'),
  ];
  return [
    pointOf(CLAIM, 'before'),
    pointOf(CLAIM, 'logged'),
    pointOf(RESUME, 'logged'),
    ...(fenceEffects === undefined ? [] : around(FENCE)),
    ...steps.flatMap((step) => {
      const { name, kind } = step;
      const isUndoable = kind === 'compensatable';
      const capture = deedOf('capture', name);
      return [
        // The log knows the captures when it knows the claim.
        ...(isUndoable && step.capture !== undefined
          ? [pointOf(capture, 'before'), pointOf(capture, 'after')]
          : []),
        ...around(deedOf('run', name)),
        ...(step.observe === undefined ? [] : around(deedOf('observe', name))),
        ...(isUndoable ? around(deedOf('compensate', name)) : []),
        ...(kind === 'pivot' ? around(deedOf('abort', name)) : []),
      ];
    }),
  ];
}
