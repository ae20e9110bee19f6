// The saga that deletes a bot: three steps that can be undone, the refund as the point of no return (I6),
// and two that only go forward.

import { FencedError, type Json, type SagaDefinition, type StepCall } from '@reclaim/saga';
import { botKey } from './bot-key.ts';
import { REFUND_VALUE, REMOVE_VALUE } from './captures.ts';
import { readInput } from './delete-bot-input.ts';
import { lockedMinor, releaseBot } from './release-bot.ts';
import { createLockAllocationStep } from './steps/lock-allocation.ts';
import { createStopObserver } from './steps/observe-stop.ts';
import { createRefundWalletStep } from './steps/refund-wallet.ts';
import { createRemoveContainerStep } from './steps/remove-container.ts';
import { contextOf, type DeletionPorts, STEP } from './steps/step-ports.ts';
import { createStopContainerStep } from './steps/stop-container.ts';
import { STANDS_ON_NUMBERS, STOP_BOT } from './steps/stop-unpaid.ts';
import { createUpdatePoolStateStep } from './steps/update-pool-state.ts';
import { createWriteTransactionStep } from './steps/write-transaction.ts';

export const DELETE_BOT = 'delete-bot';

export function createDeleteBotSaga(ports: DeletionPorts): SagaDefinition {
  return {
    name: DELETE_BOT,
    version: 1,
    queue: 'deletion',
    fairnessKey: (input) => readInput(input).userId,
    idPrefix: 'del',
    searchBy: ['instanceId'],
    key: (input) => botKey(readInput(input)),
    steps: [
      createLockAllocationStep(ports),
      createStopContainerStep(ports),
      createUpdatePoolStateStep(ports),
      createRefundWalletStep(ports, createStopObserver(ports)),
      createWriteTransactionStep(ports),
      createRemoveContainerStep(ports),
    ],
    fenceEffects: (call) => fenceLock(ports, call),
    release: (call) => releaseBot(ports, call),
    atRisk: lockedMinor,
    choices: ({ step, code }) =>
      step === STEP.lock && STANDS_ON_NUMBERS.has(code) ? [STOP_BOT] : [],
    result: ({ results }): Json => {
      const informed = REMOVE_VALUE.readOrNull(results[STEP.remove]);
      return { wallet: walletOf(results[STEP.refund]), ...informed };
    },
  };
}

/** The mark in the wallet carries the epoch: raised before anything else, it shuts out the worker that held
 * the saga before (I5). Before the capture there is no mark to raise. */
export async function fenceLock(ports: DeletionPorts, call: StepCall): Promise<void> {
  if (call.captures[STEP.lock] === undefined) return;
  const raised = await ports.wallets.raiseLock(contextOf(call).lockTarget);
  if (raised === 'fenced') throw new FencedError(call.sagaId, call.epoch);
}

/** What the saga did to the wallet, from its refund's result. */
export function walletOf(refund: Json | undefined): Json {
  const receipt = REFUND_VALUE.readOrNull(refund)?.receipt ?? null;
  if (receipt === null) return null;
  const { previousBalance, newBalance, amount, pnl } = receipt;
  return { previousBalance, newBalance, returned: amount, pnl };
}
