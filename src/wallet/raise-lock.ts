// The fence of a saga that a worker takes over, in the wallet: the lock carries the epoch of the claim, and no write of an
// older one matches it any more (I5).

import { FencedError } from '@reclaim/saga';
import type { LockTarget, Wallets } from './wallets.ts';

/** Repeatable. @throws FencedError where a later claim has raised the lock. */
export async function raiseLock(
  wallets: Pick<Wallets, 'raiseLock'>,
  target: LockTarget,
): Promise<void> {
  const raised = await wallets.raiseLock(target);
  if (raised === 'fenced') throw new FencedError(target.sagaId, target.epoch);
}
