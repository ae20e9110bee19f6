import { describe, expect, it } from 'vitest';
import type {
  CompensatableStep,
  PivotStep,
  RetriableStep,
  SagaDefinition,
  StepDefinition,
} from '../../src/definition.ts';
import { shapeOf } from '../../src/machine/shape.ts';
import { createRegistry } from '../../src/registry.ts';

const RETRY = { attempts: 2, baseMs: 1, capMs: 1 };
const base = { retry: RETRY, timeoutMs: 1, run: async () => ({}) };
const absent = async () => ({ outcome: 'absent' as const });

function undoable(name: string, given: Partial<CompensatableStep> = {}): CompensatableStep {
  const undo = {
    capture: async () => null,
    compensate: async () => undefined,
    compensateRetry: RETRY,
  };
  return { ...base, ...undo, kind: 'compensatable', name, ...given };
}

function pivot(name: string): PivotStep {
  return { ...base, kind: 'pivot', name, observe: absent, abort: absent };
}

function retriable(name: string, given: Partial<RetriableStep> = {}): RetriableStep {
  return { ...base, kind: 'retriable', name, ...given };
}

function saga(steps: readonly StepDefinition[], given: Partial<SagaDefinition> = {}) {
  return { name: 'test', version: 1, key: () => 'key', steps, ...given };
}

describe('a definition of a bad shape is refused, by name', () => {
  const none = { attempts: 0, baseMs: 1, capMs: 1 };
  it.each<[string, readonly StepDefinition[], RegExp]>([
    ['no steps', [], /test@1: it has no steps/],
    ['two pivots', [pivot('a'), pivot('b')], /two pivots/],
    ['a name twice', [undoable('a'), retriable('a')], /two steps are named a/],
    ['compensatable after the pivot', [pivot('p'), undoable('a')], /a is compensatable and stands/],
    ['compensatable after a retriable', [retriable('r'), undoable('a')], /stands after r/],
    ['the pivot after a retriable', [retriable('r'), pivot('p')], /p is pivot and stands after r/],
    ['no attempts', [retriable('r', { retry: none })], /r has no attempts/],
    ['half an attempt', [retriable('r', { retry: { ...none, attempts: 0.5 } })], /no attempts/],
    [
      'attempts that are no number',
      [retriable('r', { retry: { ...none, attempts: Number.NaN } })],
      /no attempts/,
    ],
    ['no attempts to undo', [undoable('a', { compensateRetry: none })], /cannot be compensated/],
  ])('%s', (_, steps, problem) => {
    expect(() => shapeOf(saga(steps))).toThrow(problem);
    expect(() => createRegistry([saga(steps)])).toThrow(problem);
  });

  it.each([0, -1, Number.NaN])('a step with %s ms of time', (timeoutMs) => {
    expect(() => shapeOf(saga([retriable('r', { timeoutMs })]))).toThrow(/r has no time/);
  });

  it('a compensatable step without its compensation', () => {
    const { compensate: _, ...step } = undoable('a');
    expect(() => shapeOf(saga([step as CompensatableStep]))).toThrow(/a cannot be compensated/);
  });

  it('a pivot that cannot be observed or aborted', () => {
    const { observe: _, ...blind } = pivot('p');
    const { abort: __, ...unstoppable } = pivot('p');
    for (const step of [blind, unstoppable]) {
      expect(() => shapeOf(saga([step as PivotStep]))).toThrow(/p .*observe.*abort/);
    }
  });
});

it('a good shape: what the machine needs to know of each step', () => {
  const { steps } = shapeOf(
    saga([undoable('a'), pivot('p'), retriable('r', { bestEffort: true })]),
  );
  expect(steps).toEqual([
    {
      name: 'a',
      kind: 'compensatable',
      attempts: 2,
      compensations: 2,
      canObserve: false,
      bestEffort: false,
    },
    {
      name: 'p',
      kind: 'pivot',
      attempts: 2,
      compensations: 0,
      canObserve: true,
      bestEffort: false,
    },
    {
      name: 'r',
      kind: 'retriable',
      attempts: 2,
      compensations: 0,
      canObserve: false,
      bestEffort: true,
    },
  ]);
});

it('a saga that yields: known as one; refused with a step that could not be left half done', () => {
  const preemptibleWithinMs = 1_000;
  expect(shapeOf(saga([undoable('a')], { preemptibleWithinMs })).preemptible).toBe(true);
  expect(() => shapeOf(saga([undoable('a'), pivot('p')], { preemptibleWithinMs }))).toThrow(
    /it is preemptible, and p is pivot/,
  );
});

it('a saga that fences its effects holds something: refused without its release and what is at risk', () => {
  const fenceEffects = async () => {};
  const release = async () => {};
  const atRisk = () => 0;
  const held = (given: Partial<SagaDefinition>) => () =>
    createRegistry([saga([undoable('a')], { fenceEffects, ...given })]);
  for (const given of [{}, { release }, { atRisk }]) {
    expect(held(given)).toThrow(/test@1: it fences its effects.*release and atRisk/);
  }
  expect(held({ release, atRisk })).not.toThrow();
});

describe('the registry', () => {
  const versions = [1, 3, 2].map((version) => saga([undoable(`step-${version}`)], { version }));

  it('several versions side by side: each is found, new sagas begin with the newest', () => {
    const registry = createRegistry(versions);
    expect(registry.runnable).toEqual(['test@1', 'test@3', 'test@2']);
    expect(registry.find('test', 2)?.shape.steps[0]?.name).toBe('step-2');
    expect(registry.find('test', 4)).toBeUndefined();
    expect(registry.newest('test').definition.version).toBe(3);
  });

  it('one version twice, or a name that nobody registered: refused', () => {
    expect(() => createRegistry([...versions, saga([undoable('x')])])).toThrow(/registered twice/);
    expect(() => createRegistry([]).newest('test')).toThrow(/no saga is named test/);
  });
});
