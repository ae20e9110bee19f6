// The slot of a new bot is chosen from what the tombstones hold at that moment; where they cannot be asked, none is
// chosen (I5): the bot that was deleted there may still run on its port.

import { expect, it } from 'vitest';
import { UnavailableError } from '../../packages/saga/src/errors.ts';
import { toFirebaseUid, toInstanceId, toUserId } from '../../src/domain/ids.ts';
import type { PoolState } from '../../src/pool-state/pool-state.ts';
import { writeInput } from '../../src/provisioning/provision-bot-input.ts';
import type {
  ProvisionCall,
  ProvisioningPorts,
} from '../../src/provisioning/provisioning-ports.ts';
import { assignSlot } from '../../src/provisioning/steps/assign-slot.ts';
import { inertPorts } from '../support/inert-ports.ts';
import { samplePoolState } from '../support/pool-state-samples.ts';

const UID = 'uid-0';
const INSTANCE = `${UID}-bot-99`;

/** The step on this pool state, where the tombstones answer like this. */
async function assign(heldSlots: () => Promise<readonly []>) {
  let state = samplePoolState(2) as PoolState;
  const [pool] = Object.values(state.pools);
  if (pool === undefined) throw new Error('the sample has a pool');
  state = {
    ...state,
    pools: { ...state.pools, [pool.id]: { ...pool, capacity: 9, userId: UID as never } },
  };
  const poolStates = {
    mutate: async ({
      change,
      fence,
    }: {
      change: (now: PoolState) => PoolState;
      fence: () => Promise<void>;
    }) => {
      await fence();
      state = change(state);
      return { state };
    },
  };
  const known = { poolStates, tombstones: { heldSlots } };
  const ports = { ...inertPorts<ProvisioningPorts>(), ...known } as unknown as ProvisioningPorts;
  const pools = [{ poolId: pool.id, containerName: pool.containerName, host: 'a' }];
  const call = {
    ...inertPorts<ProvisionCall>(),
    ...{ epoch: 1, results: {}, signal: new AbortController().signal },
    sagaId: 'prv-0mvx2cqo0dqqe9xwr1uq2r' as never,
    fence: async () => undefined,
    nowMs: () => 0,
    capture: { hadEntry: false, pools, dedicated: null },
    input: writeInput({
      ...{ userId: toUserId('6500000000000000000000aa'), firebaseUid: toFirebaseUid(UID) },
      ...{ instanceId: toInstanceId(INSTANCE), botName: 'bot', image: null },
      ...{ allocatedAmount: 1, amountMinor: 100, startTimeoutMs: 1_000, undoTimeoutMs: 1_000 },
    }),
  };
  const outcome = await assignSlot(ports)
    .run(call)
    .catch((error: unknown) => error);
  return { outcome, isAssigned: INSTANCE in state.botMapping };
}

it('the tombstones hold nothing: a slot of the pool', async () => {
  const { isAssigned } = await assign(async () => []);
  expect(isAssigned).toBe(true);
});

it('the tombstones cannot be asked: no slot, and the step is tried again (I5)', async () => {
  const away = new UnavailableError('MONGODB_UNAVAILABLE', 'away');
  const { outcome, isAssigned } = await assign(() => Promise.reject(away));
  expect(outcome).toBe(away);
  expect(isAssigned).toBe(false);
});
