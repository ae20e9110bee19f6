// The engine's heart and the three definitions that carry money, searched exhaustively: every order of what steps
// answer, of crashes, takeovers, lost writes, cancels and operators' verbs, each with what it leaves in the world.
// Only the budgets are smaller than in earnest: two attempts stand for a thousand, because the machine compares them
// with nothing but their end.

import { describe, expect, it } from 'vitest';
import type { SagaDefinition } from '../../packages/saga/src/definition.ts';
import { shapeOf } from '../../packages/saga/src/machine/shape.ts';
import type { ModelOptions } from '../../packages/saga/src/testing/search/saga-model.ts';
import { searchSagas } from '../../packages/saga/src/testing/search/search-sagas.ts';
import { createDeleteBotSaga } from '../../src/deletion/delete-bot.ts';
import { createReclaimOrphanSaga } from '../../src/deletion/reclaim-orphan.ts';
import { createProvisionBotSaga } from '../../src/provisioning/provision-bot.ts';
import { inertPorts } from '../support/inert-ports.ts';

const DEFINITIONS: readonly SagaDefinition[] = [
  createDeleteBotSaga(inertPorts()),
  createReclaimOrphanSaga(inertPorts(), inertPorts()),
  createProvisionBotSaga(inertPorts()),
];

const BUDGET = 2;
/** Many times what a search takes on a slow machine. */
const TIMEOUT_MS = 120_000;

function modelOf(definition: SagaDefinition): ModelOptions {
  const { steps } = shapeOf(definition);
  return {
    shape: {
      steps: steps.map((step) => ({
        ...step,
        attempts: Math.min(step.attempts, BUDGET),
        compensations: Math.min(step.compensations, BUDGET),
      })),
    },
    mayGiveUp: definition.steps.flatMap(({ deadline, kind }, index) =>
      deadline !== undefined && kind === 'compensatable' ? index : [],
    ),
    canRelease: definition.release !== undefined,
  };
}

describe('any order of outcomes, crashes, takeovers, cancels and orders', () => {
  it.for(DEFINITIONS.map((definition) => [definition.name, definition] as const))(
    '%s: no promise is broken, and an end or a person is in reach (I1, I5, I6, I9, I10)',
    { timeout: TIMEOUT_MS },
    ([name, definition], { task }) => {
      const { states, moves, breach } = searchSagas(modelOf(definition));
      task.meta.wentThrough = `states explored of ${name}: ${states}, by ${moves} moves`;
      expect(breach).toBeNull();
      expect(states).toBeGreaterThan(50_000);
    },
  );

  it('a log that takes writes of older claims: the search finds it', () => {
    const [definition] = DEFINITIONS;
    if (definition === undefined) throw new Error('no definition');
    const { breach } = searchSagas({ ...modelOf(definition), takesOldWrites: true });
    expect(breach?.promise).toContain('I5');
  });
});
