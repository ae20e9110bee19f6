// One wallet command to its end: sent, read back, decided from the reading, and sent again where the document
// moved in between. I2: where the reply of the write was lost, only an answer that no write under way can
// change is given.

import { RetryableError } from '@reclaim/saga';
import {
  inDoubt,
  isApplied,
  rejectUnlessAnswered,
  type WriteOutcome,
  writeThenRead,
} from '@reclaim/saga/mongodb';
import { type Db, type Document, ObjectId, type WithId } from 'mongodb';
import type { UserId } from '../../domain/ids.ts';
import type { SettleCommand } from '../wallets.ts';
import type { ConditionalUpdate } from './settle-update.ts';
import type { UserReading } from './user-reading.ts';
import type { SendToWallet } from './wallet-batch.ts';
import type { Decision } from './wallet-decisions.ts';

/** How often a command is sent again when the document moved between its write and its read. */
export const MAX_ROUNDS = 5;

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
  throw contended(userId);
}

interface Decider<T> {
  readonly decide: (user: UserReading | null) => Decision<T>;
  /** Whether the answer holds even where the write's own reply was lost: no write of this command that
   * is still under way can change it. */
  readonly isFinal: (result: T) => boolean;
  /** Its result where the server confirms that the write took effect; without it, the read decides. */
  readonly applied?: T;
}

/** One write on a user, and what the projection shows of them after it; null: there is no such user.
 * @throws InDoubtError where that cannot be read. */
export async function writeThenReadUser<Shown extends Document>(
  db: Db,
  userId: UserId,
  write: ConditionalUpdate,
  projection: Document,
): Promise<{ readonly user: WithId<Shown> | null; readonly outcome: WriteOutcome | null }> {
  const _id = new ObjectId(userId);
  const { outcomes, reading } = await writeThenRead<Document, WithId<Shown> | null>({
    db,
    collection: 'users',
    writes: [{ updateOne: { ...write } }],
    read: (users, options) => users.findOne<WithId<Shown>>({ _id }, { ...options, projection }),
  });
  const outcome = outcomes[0] ?? null;
  if (reading.status === 'ok') return { user: reading.value, outcome };
  throw inDoubt('the wallet', outcome?.status === 'unknown' ? outcome.error : reading.error);
}

export function contended(userId: UserId): RetryableError {
  const message = `the wallet of user ${userId} kept changing under the write`;
  return new RetryableError('WALLET_CONTENDED', message);
}
