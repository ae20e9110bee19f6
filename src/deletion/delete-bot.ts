// The saga that deletes a bot: three steps that can be undone, the refund as the point of no return (I6),
// and two that only go forward.

import { saga } from '@reclaim/saga';
import { raiseLock } from '../wallet/settle-allocation.ts';
import { botKey } from './bot-key.ts';
import type { RefundValue } from './captures.ts';
import { DELETE_BOT_INPUT, type DeleteBotInput } from './delete-bot-input.ts';
import { lockedMinor, releaseBot, releasesOfBot } from './release-bot.ts';
import { lockAllocation } from './steps/lock-allocation.ts';
import { observeStop } from './steps/observe-stop.ts';
import { refundWallet } from './steps/refund-wallet.ts';
import { removeContainer } from './steps/remove-container.ts';
import {
  contextOf,
  type DeletionCall,
  type DeletionPorts,
  LATER_CAPTURES,
  STEP,
} from './steps/step-ports.ts';
import { stopContainer } from './steps/stop-container.ts';
import { STANDS_ON_NUMBERS, STOP_BOT } from './steps/stop-unpaid.ts';
import { updatePoolState } from './steps/update-pool-state.ts';
import { writeTransaction } from './steps/write-transaction.ts';

export const DELETE_BOT = 'delete-bot';

export function createDeleteBotSaga(ports: DeletionPorts) {
  return saga(DELETE_BOT, {
    queue: 'deletion',
    idPrefix: 'del',
    searchBy: ['instanceId'],
    inputSchema: DELETE_BOT_INPUT,
    key: (input: DeleteBotInput) => botKey(input),
    fairnessKey: (input) => input.userId,
    choices: ({ step, code }) =>
      step === STEP.lock && STANDS_ON_NUMBERS.has(code) ? [STOP_BOT] : [],
    laterCaptures: LATER_CAPTURES,
  })
    .compensatable(STEP.lock, lockAllocation(ports))
    .compensatable(STEP.stop, stopContainer(ports))
    .compensatable(STEP.pool, updatePoolState(ports))
    .pivot(
      STEP.refund,
      refundWallet(ports, (call) => observeStop(ports, call)),
    )
    .retriable(STEP.post, writeTransaction(ports))
    .retriable(STEP.remove, removeContainer(ports))
    .holds(holdsOf(ports))
    .returns(({ results }) => ({
      wallet: walletOf(results[STEP.refund]),
      ...results[STEP.remove],
    }));
}

/** What a deletion and a reclaiming hold in the wallet until their end. */
export function holdsOf(ports: DeletionPorts) {
  return {
    fenceEffects: (call: DeletionCall) => fenceLock(ports, call),
    release: (call: DeletionCall) => releaseBot(ports, call),
    releases: releasesOfBot,
    atRisk: lockedMinor,
  };
}

/** The lock in the wallet carries the epoch: raised before anything else, it shuts out the worker that held
 * the saga before (I5). Before the capture there is no lock to raise. */
async function fenceLock({ wallets }: DeletionPorts, call: DeletionCall): Promise<void> {
  if (call.captures[STEP.lock] === undefined) return;
  await raiseLock(wallets, contextOf(call).lockTarget);
}

/** What the saga did to the wallet, from its refund's result. */
export function walletOf(refund: RefundValue | undefined) {
  const receipt = refund?.receipt ?? null;
  if (receipt === null) return null;
  const { previousBalance, newBalance, amount, pnl } = receipt;
  return { previousBalance, newBalance, returned: amount, pnl };
}
