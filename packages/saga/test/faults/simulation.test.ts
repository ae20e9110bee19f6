// The simulation runs on any definition, and finds what is wrong with it.

import { expect, it, onTestFinished } from 'vitest';
import {
  brokenPromises,
  type Simulation,
  simulate,
  startVirtualTime,
} from '../../src/testing/index.ts';
import { emptySagaWorld, type SagaWorld } from '../support/saga-world.ts';
import { expectWhole, type Flaw, toySaga } from '../support/toy.ts';

function toySimulation(
  flaw?: Flaw,
): Simulation<{ readonly effects: SagaWorld; readonly nth: number }> {
  return {
    services: { world: { repeats: true, hangs: true, arrivesLate: true } },
    begin: (nth) => ({ effects: emptySagaWorld(), nth }),
    order: ({ nth }) => ({ kind: 'toy', input: nth }),
    define: ({ effects }, { link }) => {
      const linked: SagaWorld = {
        ...effects,
        act: (...all) => link.call('world', 'act', () => effects.act(...all)),
        undo: (...all) => link.call('world', 'undo', () => effects.undo(...all)),
        close: (...all) => link.call('world', 'close', () => effects.close(...all)),
        observe: (...all) => link.call('world', 'observe', () => effects.observe(...all)),
      };
      return [toySaga(linked, flaw)];
    },
  };
}

/** @returns what is broken by the first of so many seeds that breaks anything. */
async function brokenIn(seeds: number, simulation: ReturnType<typeof toySimulation>) {
  const time = startVirtualTime();
  onTestFinished(time.end);
  for (let seed = 1; seed <= seeds; seed += 1) {
    const simulated = await simulate(seed, time, simulation);
    const ends = simulated.sagas.map(({ saga, world }) =>
      expectWhole(world.effects, saga).then(() => [], String),
    );
    const broken = [...brokenPromises(simulated), ...(await Promise.all(ends)).flat()];
    if (broken.length > 0) return broken.join('\n');
  }
  return null;
}

it('a saga that keeps its promise, 300 seeds: whole in each', async () => {
  expect(await brokenIn(300, toySimulation())).toBeNull();
});

it.each<[Flaw, RegExp]>([
  ['pays-without-looking', /paid [2-9]/],
  ['undoes-by-its-log', /taken true, paid 0/],
  ['takes-late', /taken true, paid 0/],
])('a saga that %s: some seed shows it', async (flaw, found) => {
  expect(await brokenIn(2_000, toySimulation(flaw))).toMatch(found);
});
