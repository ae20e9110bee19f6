// What a definition without the compiler may answer: an outcome that is none, and facts that throw.

import { expect, it } from 'vitest';
import type { Observation } from '../../src/definition.ts';
import { InDoubtError, TerminalError } from '../../src/errors.ts';
import { planOf } from '../../src/operate/plan.ts';
import { createRegistry } from '../../src/registry.ts';
import { atRisk } from '../../src/run/saga-facts.ts';
import { startInMemory } from '../support/memory-engine.ts';
import { emptySagaWorld, sagaOf, stepsOf } from '../support/saga-world.ts';

const { pivot, undoable } = stepsOf(emptySagaWorld());

it.each([undefined, null, 'landed', { outcome: 'yes' }, { outcome: 'landed' }])(
  'an observation that answers %o: it decides nothing unless it is one',
  async (answer) => {
    const step = pivot('pay', {
      run: () => Promise.reject(new InDoubtError('LOST', 'no answer')),
      observe: async () => answer as Observation,
    });
    const { state } = await (await startInMemory(sagaOf([step]), {})).runToRest();
    const isOne = Object(answer).outcome === 'landed';
    expect(state).toMatchObject(
      isOne ? { phase: 'completed' } : { phase: 'stuck', cause: { code: 'OUTCOME_UNKNOWN' } },
    );
  },
);

it('what a stuck saga holds cannot be told: it is shown, and has a plan, all the same', async () => {
  const broken = () => {
    throw new Error('no such capture');
  };
  const step = undoable('a', {
    run: () => Promise.reject(new TerminalError('NEVER', 'never')),
    compensate: () => Promise.reject(new TerminalError('NEVER', 'nor back')),
  });
  const facts = {
    atRisk: broken,
    releases: broken,
    choices: broken,
    release: async () => undefined,
  };
  const definition = sagaOf([step], facts);
  const record = await (await startInMemory(definition, {})).runToRest();
  expect(record.state.phase).toBe('stuck');
  expect(atRisk(definition, record)).toBeNull();
  const registered = createRegistry([definition]).newest(definition.name);
  const clock = { nowMs: () => 1_000_000, monotonicMs: () => 1_000_000 };
  const plan = await planOf(registered, record, clock, new AbortController().signal);
  expect(plan.atRisk).toBeNull();
  const resolve = plan.verbs.find(({ verb }) => verb === 'resolve');
  expect(resolve).toMatchObject({ isAllowed: true });
  expect(JSON.stringify(resolve)).toContain('cannot be told: Error: no such capture');
});
