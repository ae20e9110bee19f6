// I12: a second synchronisation straight after the first one changes nothing.

import type { PoolStates } from '../../src/deletion/ports/pool-states.ts';
import type { PoolState } from '../../src/domain/pool-state.ts';
import { readResult } from '../../src/reconciliation/sync-notes.ts';
import type { SagaDefinition } from '../../src/saga/definition.ts';
import { outsideState, placeBot } from '../support/deletions.ts';
import { type Breaches, breaches, twinsOf } from './bite.ts';
import { createLab, type Twist } from './support/lab.ts';
import { syncToRest } from './support/lab-sagas.ts';

twinsOf('I12', {
  'entries-made-again-every-time': (part) =>
    syncTwice((poolStates) =>
      part === 'twin' ? { definition: (same) => rebuildAll(same, poolStates()) } : {},
    ),

  'repair-acknowledged-unwritten': (part) =>
    syncTwice(() =>
      part === 'twin'
        ? { ports: ({ poolStates }) => ({ poolStates: neverWritten(poolStates) }) }
        : {},
    ),
});

// A live bot of a pool, beside two entries of bots that are gone.
async function syncTwice(twist: (poolStates: () => PoolStates) => Twist): Promise<Breaches> {
  const lab = await createLab();
  const bot = await placeBot(lab, 'pooled');
  const worker = await lab.worker(twist(() => lab.poolFile.open()));
  const first = readResult((await syncToRest(worker, bot)).result);
  const before = JSON.stringify(await outsideState(lab));
  const second = readResult((await syncToRest(worker, bot)).result);
  return breaches({
    'the scenario repaired nothing': first?.removedEntries.length !== 2,
    'the second run repaired once more':
      second?.removedEntries.length !== 0 || second.rebuiltEntries.length !== 0,
    'the second run changed what was in order': JSON.stringify(await outsideState(lab)) !== before,
  });
}

/** Makes every entry of the pool state new, whether or not anything was wrong with it. */
function rebuildAll(definition: SagaDefinition, poolStates: PoolStates): SagaDefinition {
  const change = (state: PoolState): PoolState => {
    const createdAt = new Date().toISOString();
    const made = Object.entries(state.botMapping).map(([id, old]) => [id, { ...old, createdAt }]);
    return { ...state, botMapping: Object.fromEntries(made) };
  };
  const steps = definition.steps.map((step) =>
    step.name === 'repair'
      ? {
          ...step,
          run: async (call: Parameters<typeof step.run>[0]) => {
            const result = await step.run(call);
            await poolStates.mutate({ change, fence: call.fence, signal: call.signal });
            return result;
          },
        }
      : step,
  );
  return { ...definition, steps };
}

/** Says that the change is in the file, and has it in memory alone. */
function neverWritten(poolStates: PoolStates): PoolStates {
  return {
    ...poolStates,
    mutate: async ({ change, signal }) => {
      const answer = await poolStates.read({ signal });
      if (answer.status === 'unknown') throw new Error(answer.reason);
      const state = change(answer.items);
      return { state, changed: state !== answer.items };
    },
  };
}
