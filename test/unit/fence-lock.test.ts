// A claim that is not the first raises the lock of its allocation to its own epoch before anything else, whichever
// definition runs: from there on no write of the worker before it reaches the wallet (I5).

import { expect, it } from 'vitest';
import type { SagaDefinition, StepCall } from '../../packages/saga/src/definition.ts';
import { FencedError } from '../../packages/saga/src/errors.ts';
import { toSagaId } from '../../packages/saga/src/saga-id.ts';
import { ALLOCATION_CAPTURE } from '../../src/deletion/captures.ts';
import { createDeleteBotSaga } from '../../src/deletion/delete-bot.ts';
import { createReclaimOrphanSaga } from '../../src/deletion/reclaim-orphan.ts';
import { STEP } from '../../src/deletion/steps/step-ports.ts';
import { toFirebaseUid, toInstanceId, toUserId } from '../../src/domain/ids.ts';
import { createProvisionBotSaga } from '../../src/provisioning/provision-bot.ts';
import type { ProvisionBotInput } from '../../src/provisioning/provision-bot-input.ts';
import { STEP as PROVISION_STEP } from '../../src/provisioning/provisioning-ports.ts';
import type { LockTarget, Wallets } from '../../src/wallet/wallets.ts';
import { inertPorts } from '../fakes/inert-ports.ts';
import { allocationCapture, deletionInput } from '../support/samples.ts';

const SAGA = toSagaId('del-0mvx2cqo0dqqe9xwr1uq2r');
const BOT = {
  userId: toUserId('6500000000000000000000aa'),
  instanceId: toInstanceId('uid-bot-1'),
};
const EPOCH = 7;

const DELETION = {
  input: deletionInput(BOT),
  captures: { [STEP.lock]: ALLOCATION_CAPTURE.write(allocationCapture()) },
};
const PROVISION = {
  input: {
    ...{ ...BOT, firebaseUid: toFirebaseUid('uid'), botName: 'bot', image: null },
    ...{ allocatedAmount: 1, amountMinor: 100, startTimeoutMs: 1_000, undoTimeoutMs: 1_000 },
  } satisfies ProvisionBotInput,
  captures: { [PROVISION_STEP.reserve]: { opId: 'op' } },
};

/** What is asked of the wallet, and how it answers. */
function walletAnswering(answer: Awaited<ReturnType<Wallets['raiseLock']>>) {
  const raised: LockTarget[] = [];
  const wallets = {
    ...inertPorts<Wallets>(),
    raiseLock: async (target: LockTarget) => {
      raised.push(target);
      return answer;
    },
  };
  return { raised, ports: { wallets } as never };
}

const DEFINITIONS: readonly [
  string,
  (ports: never) => SagaDefinition,
  Pick<StepCall, 'input' | 'captures'>,
][] = [
  ['delete-bot', createDeleteBotSaga, DELETION],
  ['reclaim-orphan', (ports) => createReclaimOrphanSaga(ports, ports), DELETION],
  ['provision-bot', createProvisionBotSaga, PROVISION],
];

const callOf = (facts: Partial<StepCall>): StepCall => ({
  ...inertPorts<StepCall>(),
  ...{ sagaId: SAGA, epoch: EPOCH, results: {}, ...facts },
});

it.each(DEFINITIONS)(
  '%s, claimed again: the lock is raised to the claim’s epoch',
  async (_, create, facts) => {
    const { raised, ports } = walletAnswering('raised');
    await create(ports).fenceEffects?.(callOf(facts));
    expect(raised).toEqual([{ ...BOT, sagaId: SAGA, epoch: EPOCH }]);
  },
);

it.each(DEFINITIONS)('%s, the lock is at a later epoch: fenced', async (_, create, facts) => {
  const { ports } = walletAnswering('fenced');
  const fencing = create(ports).fenceEffects?.(callOf(facts));
  await expect(fencing).rejects.toBeInstanceOf(FencedError);
});

it.each(DEFINITIONS)(
  '%s, before its first capture: there is no lock to raise',
  async (_, create, facts) => {
    const { raised, ports } = walletAnswering('raised');
    await create(ports).fenceEffects?.(callOf({ ...facts, captures: {} }));
    expect(raised).toEqual([]);
  },
);
