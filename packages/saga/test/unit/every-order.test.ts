// The exhaustive search itself: it runs on a definition of any shape, and finds what is broken.

import { expect, it } from 'vitest';
import { inertPorts } from '../../../../test/fakes/inert-ports.ts';
import type { SagaDefinition } from '../../src/definition.ts';
import { searchEveryOrder } from '../../src/testing/index.ts';
import { sagaOf, stepsOf } from '../support/saga-world.ts';

const { undoable, pivot, retriable } = stepsOf(inertPorts());
const FENCED = { fenceEffects: async () => {}, release: async () => {}, atRisk: () => 0 };

const SHAPES: Readonly<Record<string, SagaDefinition>> = {
  'steps of every kind': sagaOf([undoable('a'), pivot('b'), retriable('c')]),
  'effects that are fenced': sagaOf([undoable('a'), pivot('b'), retriable('c')], FENCED),
  'no pivot': sagaOf([undoable('a'), retriable('b'), retriable('c', { bestEffort: true })]),
  'a pivot alone': sagaOf([pivot('a')]),
  'nothing but steps that can be undone': sagaOf([undoable('a'), undoable('b')]),
  'nothing to undo': sagaOf([retriable('a'), retriable('b')]),
};

it.each(Object.entries(SHAPES))('%s: no promise is broken in any order', (_, definition) => {
  const { states, moves, breach } = searchEveryOrder(definition);
  expect(breach).toBeNull();
  expect(moves).toBeGreaterThan(states);
});

it.each(Object.entries(SHAPES))(
  '%s, on a log that takes writes of older claims: found, with the way that leads there',
  (_, definition) => {
    const { breach } = searchEveryOrder(definition, { takesOldWrites: true });
    expect(breach?.promise).toContain('I5');
    expect(breach?.way.length).toBeGreaterThan(1);
  },
);
