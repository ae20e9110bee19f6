// The saga that deletes a bot: three steps that can be undone, the refund as the point of no return (I6),
// and two that only go forward.

import { FencedError, type Json, saga } from '@reclaim/saga';
import { botKey } from './bot-key.ts';
import type { RefundValue } from './captures.ts';
import { readInput } from './delete-bot-input.ts';
import { lockedMinor, releaseBot } from './release-bot.ts';
import { lockAllocation } from './steps/lock-allocation.ts';
import { createStopObserver } from './steps/observe-stop.ts';
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
    key: (input: Json) => botKey(readInput(input)),
    fairnessKey: (input) => readInput(input).userId,
    choices: ({ step, code }) =>
      step === STEP.lock && STANDS_ON_NUMBERS.has(code) ? [STOP_BOT] : [],
    laterCaptures: LATER_CAPTURES,
  })
    .compensatable(STEP.lock, lockAllocation(ports))
    .compensatable(STEP.stop, stopContainer(ports))
    .compensatable(STEP.pool, updatePoolState(ports))
    .pivot(STEP.refund, refundWallet(ports, createStopObserver(ports)))
    .retriable(STEP.post, writeTransaction(ports))
    .retriable(STEP.remove, removeContainer(ports))
    .holds({
      fenceEffects: (call) => fenceLock(ports, call),
      release: (call) => releaseBot(ports, call),
      atRisk: lockedMinor,
    })
    .returns(({ results }) => ({
      wallet: walletOf(results[STEP.refund]),
      ...results[STEP.remove],
    }));
}

/** The lock in the wallet carries the epoch: raised before anything else, it shuts out the worker that held
 * the saga before (I5). Before the capture there is no lock to raise. */
export async function fenceLock(ports: DeletionPorts, call: DeletionCall): Promise<void> {
  if (call.captures[STEP.lock] === undefined) return;
  const raised = await ports.wallets.raiseLock(contextOf(call).lockTarget);
  if (raised === 'fenced') throw new FencedError(call.sagaId, call.epoch);
}

/** What the saga did to the wallet, from its refund's result. */
export function walletOf(refund: RefundValue | undefined) {
  const receipt = refund?.receipt ?? null;
  if (receipt === null) return null;
  const { previousBalance, newBalance, amount, pnl } = receipt;
  return { previousBalance, newBalance, returned: amount, pnl };
}
