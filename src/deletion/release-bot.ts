// What an operator's end of a deletion or a reclaiming gives back: the lock on the allocation, and the tombstone, which
// goes if nothing was paid and is settled if something was, so that the janitor finishes it. The lock goes first: as
// long as it stands, a settlement that is still on its way may land, after it was asked whether one had (I2). Where the
// account is gone nobody can be paid nor delete the bot again: the money is written off (I11), and the janitor has the bot.

import type { RefundValue } from './captures.ts';
import {
  contextOf,
  type DeletionCall,
  type DeletionPorts,
  STEP,
  wasObservedAtRest,
} from './steps/step-ports.ts';
import { postRefund } from './steps/write-transaction.ts';

export async function releaseBot(ports: DeletionPorts, call: DeletionCall): Promise<void> {
  if (call.captures[STEP.lock] === undefined) return;
  const context = contextOf(call);
  const { lockTarget, tombstone } = context;
  await ports.wallets.unlock(lockTarget);
  const refund = await refundOf(ports, call);
  try {
    const isOver = refund.receipt !== null || (await isLeft(ports, call, refund));
    if (!isOver) await ports.tombstones.withdraw(tombstone);
    else await ports.tombstones.settle(tombstone, { observedAtRest: wasObservedAtRest(call) });
  } finally {
    // I11: the books are whole, however the job ended, and where another saga has taken the tombstone over.
    await postRefund(ports, context, refund);
  }
}

/** What the refund's step has left, first: a payment that the platform made has no row of ours to be found by. */
async function refundOf({ wallets }: DeletionPorts, call: DeletionCall): Promise<RefundValue> {
  const known = call.results[STEP.refund] ?? { receipt: null, account: 'there' };
  if (known.receipt !== null) return known;
  const { userId, instanceId, opId } = contextOf(call).settlement;
  const receipt = await wallets.findReceipt(userId, opId);
  if (receipt !== null || known.account === 'gone') return { ...known, receipt };
  const reading = await wallets.readAllocation(userId, instanceId);
  return { receipt, account: reading.status === 'account-gone' ? 'gone' : 'there' };
}

/** Whether the bot of an account that is gone has a tombstone of this saga's: what was not begun is withdrawn. */
async function isLeft(
  { tombstones }: DeletionPorts,
  call: DeletionCall,
  { account }: RefundValue,
): Promise<boolean> {
  if (account !== 'gone') return false;
  const { userId, instanceId } = call.input;
  const standing = await tombstones.findForBot(userId, instanceId);
  return standing.some(({ sagaId }) => sagaId === call.sagaId);
}

/** The same in words, for the operator who is about to vouch for it. */
export function releasesOfBot({
  captures,
  results,
}: Pick<DeletionCall, 'captures' | 'results'>): readonly string[] {
  if (captures[STEP.lock] === undefined) return ['releases nothing: nothing was locked'];
  const isPaid = (results[STEP.refund]?.receipt ?? null) !== null;
  const tombstone = isPaid
    ? 'the tombstone to the janitor, which removes the bot and then frees its slot'
    : 'the tombstone with the slot it keeps; where a payment has landed meanwhile, to the janitor';
  return [
    `releases the lock on the allocation: it can be deleted again, and ${isPaid ? 'was paid once' : 'nothing is paid by this'}`,
    `releases ${tombstone}`,
    'leaves the bot and its entry in the pool state as they are now',
    'where the account is gone: writes off what was locked, and the janitor removes the bot',
  ];
}

/** The value that was locked and is not paid back yet, in cents. */
export function lockedMinor({
  captures,
  results,
}: Pick<DeletionCall, 'captures' | 'results'>): number {
  if (results[STEP.refund] !== undefined) return 0;
  const locked = results[STEP.lock]?.lockedValue ?? captures[STEP.lock]?.value ?? 0;
  // Shown and alerted on, never paid by.
  return Math.round(locked * 100);
}
