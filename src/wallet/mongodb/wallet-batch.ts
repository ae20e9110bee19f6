// The round trip that wallet commands share: locks, settlements, unlocks, raises and reads of all sagas
// that wait together go out as one unordered bulk and one read of the users they touch. Every command
// is decided from what that read shows of it (I2, I5), so that a lost reply needs no path of its own.

import {
  createGroupCommit,
  inDoubt,
  isApplied,
  type WriteOutcome,
  type WrittenAndRead,
  writeThenRead,
} from '@reclaim/saga/mongodb';
import type { Db } from 'mongodb';
import { readUsers, returnedUser, type UserQuestion } from './read-users.ts';
import type { ConditionalUpdate } from './settle-update.ts';
import type { UserReading } from './user-reading.ts';

export interface WalletItem extends UserQuestion {
  /** Null for a read. */
  readonly write: ConditionalUpdate | null;
  /** Nothing is read back when the server confirms that the write took effect. */
  readonly isBlind?: boolean;
}

interface WalletAnswer {
  /** Null: there is no such user. */
  readonly user: UserReading | null;
  /** Null for a read. */
  readonly outcome: WriteOutcome | null;
}

/** Commands of one flush: a larger batch gains nothing and makes the last of it wait longer. */
const MAX_BATCH = 100;

export type SendToWallet = (item: WalletItem) => Promise<WalletAnswer>;

/** @returns the function that sends one command together with all that wait.
 * @throws (from that function) UnavailableError `MONGODB_UNREACHABLE` when nothing was sent or the
 * command was a read; InDoubtError `MONGODB_WRITE_IN_DOUBT` when a write could not be read back. */
export function createWalletBatch(db: Db): SendToWallet {
  const queue = () =>
    createGroupCommit<WalletItem, () => WalletAnswer>({
      maxBatch: MAX_BATCH,
      flush: (items) => flush(db, items),
    });
  // Reads have a queue of their own: they need not wait for the majority of others' writes.
  const write = queue();
  const read = queue();
  return async (item) => (await (item.write === null ? read : write)(item))();
}

async function flush(db: Db, items: readonly WalletItem[]): Promise<(() => WalletAnswer)[]> {
  const writers = items.filter(({ write }) => write !== null);
  const [only, company] = items;
  const isAlone = company === undefined && writers.length === 1 && only?.isBlind !== true;
  const batch = await writeThenRead({
    db,
    collection: 'users',
    writes: writers.flatMap(({ write }) => (write === null ? [] : [{ updateOne: { ...write } }])),
    read: (users, options, known) => {
      const isSettled = (item: WalletItem) =>
        item.isBlind === true && isApplied(known[writers.indexOf(item)]);
      return readUsers(
        users,
        items.filter((item) => !isSettled(item)),
        options,
      );
    },
    ...(isAlone && only !== undefined && { returning: returnedUser(only) }),
  });
  const outcomes = new Map(writers.map((item, index) => [item, batch.outcomes[index]]));
  return items.map((item) => () => answer(item, outcomes.get(item) ?? null, batch.reading));
}

function answer(
  { userId }: WalletItem,
  outcome: WriteOutcome | null,
  reading: WrittenAndRead<ReadonlyMap<string, UserReading>>['reading'],
): WalletAnswer {
  if (reading.status === 'ok') return { user: reading.value.get(userId) ?? null, outcome };
  if (outcome === null) throw reading.error;
  throw inDoubt('the wallet', outcome.status === 'acknowledged' ? reading.error : outcome.error);
}
