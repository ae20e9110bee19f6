// I12: a second synchronisation straight after the first one changes nothing.

import type { SagaDefinition } from '../../packages/saga/src/definition.ts';
import type { Bots } from '../../src/bots/bots.ts';
import { ok } from '../../src/domain/source.ts';
import type { PoolState } from '../../src/pool-state/pool-state.ts';
import type { PoolStates } from '../../src/pool-state/pool-states.ts';
import { SYNC_RESULT } from '../../src/sync/sync-reports.ts';
import { outsideState, placeBot, poolStateOf, readPoolState } from '../support/deletions.ts';
import { allocation, putUser } from '../support/users.ts';
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

  // Its neighbour has the first port; the bot itself the third.
  'port-made-up': async (part) => {
    const { pools, botMapping, ...rest } = poolStateOf(UID);
    const mapped = Object.entries(botMapping).filter(([id]) => id === `${UID}-bot-1`);
    const listed = Object.entries(pools).map(([id, pool]) => [
      id,
      { ...pool, bots: mapped.map(([bot]) => bot) },
    ]);
    const lab = await createLab({
      ...rest,
      pools: Object.fromEntries(listed),
      botMapping: Object.fromEntries(mapped),
    });
    const instanceId = `${UID}-bot-2`;
    const bots = { [instanceId]: allocation(100, 110) };
    const userId = await putUser(lab.connection, { balance: 50, bots, firebaseUid: UID });
    const containerName = `freqtrade-pool-${UID}-pool-1`;
    await lab.world.addPooled({ instanceId, containerName, port: 9002 });
    const twist: Twist = { ports: ({ bots: real }) => ({ bots: firstFreePort(real, 9001) }) };
    const worker = await lab.worker(part === 'twin' ? twist : {});
    await syncToRest(worker, { uid: UID, userId, instanceId });
    const made = (await readPoolState(lab)).botMapping[instanceId];
    return breaches({
      'the scenario made no entry': made === undefined,
      'the entry that was made again names a port that is not the bot’s': made?.port !== 9002,
    });
  },
});

const UID = 'uid-one';

function firstFreePort(bots: Bots, port: number): Bots {
  return { ...bots, readPort: async () => ok({ status: 'read', port }, new Date()) };
}

// A live bot of a pool, beside two entries of bots that are gone.
async function syncTwice(twist: (poolStates: () => PoolStates) => Twist): Promise<Breaches> {
  const lab = await createLab();
  const bot = await placeBot(lab, 'pooled');
  const worker = await lab.worker(twist(() => lab.poolFile.open()));
  const first = SYNC_RESULT.readOrNull((await syncToRest(worker, bot)).result);
  const before = JSON.stringify(await outsideState(lab));
  const second = SYNC_RESULT.readOrNull((await syncToRest(worker, bot)).result);
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
