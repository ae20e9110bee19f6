// One wallet command to its end: sent, read back, decided from the reading, and sent again where the document
// moved in between. I2: where the reply of the write was lost, only an answer that no write under way can
// change is given.

import { RetryableError } from '@reclaim/saga';
import { isApplied, rejectUnlessAnswered } from '@reclaim/saga/mongodb';
import type { SettleCommand } from '../wallets.ts';
import type { ConditionalUpdate } from './settle-update.ts';
import type { UserReading } from './user-reading.ts';
import type { SendToWallet } from './wallet-batch.ts';
import type { Decision } from './wallet-decisions.ts';

/** How often a command is sent again when the document moved between its write and its read. */
const MAX_ROUNDS = 5;

export async function decide<T>(
  send: SendToWallet,
  target: Pick<SettleCommand, 'userId' | 'instanceId'>,
  opId: string | null,
  write: ConditionalUpdate,
  { decide: decideFrom, isFinal, applied }: Decider<T>,
): Promise<T> {
  const { userId, instanceId } = target;
  const isBlind = applied !== undefined;
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const { user, outcome } = await send({ userId, instanceId, opId, write, isBlind });
    if (applied !== undefined && isApplied(outcome)) return applied;
    const result = decideFrom(user);
    if (result !== 'again' && (isFinal(result) || outcome?.status !== 'unknown')) return result;
    rejectUnlessAnswered(outcome, 'the wallet');
  }
  throw new RetryableError(
    'WALLET_CONTENDED',
    `the wallet of user ${userId} kept changing under the write`,
  );
}

interface Decider<T> {
  readonly decide: (user: UserReading | null) => Decision<T>;
  /** Whether the answer holds even where the write's own reply was lost: no write of this command that
   * is still under way can change it. */
  readonly isFinal: (result: T) => boolean;
  /** Its result where the server confirms that the write took effect; without it, the read decides. */
  readonly applied?: T;
}
