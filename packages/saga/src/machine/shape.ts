// What the pure machine needs to know of a definition, and the check that a definition may be run at all:
// compensatable steps first, at most one pivot, then retriable steps (I6). A bad shape is refused when the
// definition is registered, not when money is on its way.

import type { SagaDefinition, StepDefinition } from '../definition.ts';
import type { Json } from '../json.ts';

export interface SagaShape {
  readonly steps: readonly StepShape[];
  /** Gives its key up to others. */
  readonly preemptible?: boolean;
}

export interface StepShape {
  readonly name: string;
  readonly kind: 'compensatable' | 'pivot' | 'retriable';
  /** Attempts of `run`, and observations in a row that may answer unknown. */
  readonly attempts: number;
  readonly compensations: number;
  readonly canObserve: boolean;
  readonly bestEffort: boolean;
}

/** @throws Error naming the definition and what is wrong with it. */
export function shapeOf<Input extends Json>(definition: SagaDefinition<Input>): SagaShape {
  const steps = definition.steps.map(stepShape);
  const problem =
    findProblem(steps) ?? findGap(definition.steps) ?? findHeld(definition) ?? findKept(definition);
  if (problem !== null) {
    throw new Error(`saga ${definition.name}@${definition.version}: ${problem}`);
  }
  return definition.preemptibleWithinMs === undefined ? { steps } : { steps, preemptible: true };
}

function stepShape<Input extends Json>(step: StepDefinition<Input>): StepShape {
  return {
    name: step.name,
    kind: step.kind,
    attempts: step.retry.attempts,
    compensations: step.kind === 'compensatable' ? step.compensateRetry.attempts : 0,
    canObserve: step.observe !== undefined,
    bestEffort: step.kind === 'retriable' && step.bestEffort === true,
  };
}

const ORDER = { compensatable: 0, pivot: 1, retriable: 2 } as const;

function findProblem(steps: readonly StepShape[]): string | null {
  if (steps.length === 0) return 'it has no steps';
  const names = new Set<string>();
  let previous: StepShape | null = null;
  for (const step of steps) {
    if (names.has(step.name)) return `two steps are named ${step.name}`;
    names.add(step.name);
    if (!isBudget(step.attempts)) return `${step.name} has no attempts`;
    if (step.kind === 'compensatable' && !isBudget(step.compensations)) {
      return `${step.name} cannot be compensated: it has no attempts to`;
    }
    if (previous !== null && ORDER[step.kind] < ORDER[previous.kind]) {
      return `${step.name} is ${step.kind} and stands after ${previous.name}, which is ${previous.kind}`;
    }
    if (step.kind === 'pivot' && previous?.kind === 'pivot') return 'it has two pivots';
    previous = step;
  }
  return null;
}

function isBudget(attempts: number): boolean {
  return Number.isInteger(attempts) && attempts >= 1;
}

// The types demand this too: a definition put together at run time must not fail when its undo is needed.
function findGap<Input extends Json>(steps: readonly StepDefinition<Input>[]): string | null {
  for (const step of steps) {
    if (!(step.timeoutMs > 0)) return `${step.name} has no time: ${step.timeoutMs} ms`;
    if (step.kind === 'compensatable' && !areFunctions(step.compensate)) {
      return `${step.name} cannot be compensated: it needs compensate`;
    }
    if (step.kind === 'pivot' && !areFunctions(step.observe, step.abort)) {
      return `${step.name} is the pivot: it needs observe and abort`;
    }
  }
  return null;
}

// A saga that gives its key up at any moment must not leave anything half done that only it can finish.
function findHeld<Input extends Json>({
  preemptibleWithinMs,
  steps,
}: SagaDefinition<Input>): string | null {
  if (preemptibleWithinMs === undefined) return null;
  const held = steps.find(({ kind }) => kind !== 'compensatable');
  return held === undefined
    ? null
    : `it is preemptible, and ${held.name} is ${held.kind}: it could pass its point of no return`;
}

// What is fenced outside is held there: an operator who ends the saga must get it back, and see what it is worth.
function findKept<Input extends Json>({
  fenceEffects,
  release,
  atRisk,
}: SagaDefinition<Input>): string | null {
  if (fenceEffects === undefined || areFunctions(release, atRisk)) return null;
  return 'it fences its effects, so it holds something: it needs release and atRisk';
}

function areFunctions(...parts: readonly unknown[]): boolean {
  return parts.every((part) => typeof part === 'function');
}
