// Who holds which bots, for a run over all users: streamed from `users`, so that its memory does not grow with their
// number. The server hands out ids only: a document may carry tens of thousands of transactions, and a run needs none.

import { majorityCollection, repeatableFailure, runRepeatable } from '@reclaim/saga/mongodb';
import { type Db, type Document, ObjectId } from 'mongodb';
import {
  type FirebaseUid,
  type InstanceId,
  parseFirebaseUid,
  parseInstanceId,
  parseUserId,
  toInstanceId,
  toUserId,
  type UserId,
} from '../../domain/ids.ts';
import type { BotOfUser } from '../../domain/incarnation.ts';
import { type BotOwner, isOwner } from '../../pool-state/ownership.ts';
import {
  ALLOCATIONS,
  isMoneyValue,
  literal,
  valueFoundIn,
} from '../../wallet/mongodb/wallet-expressions.ts';

export interface UserHoldings {
  readonly userId: UserId;
  readonly firebaseUid: FirebaseUid | null;
  /** Keys that are no ids of bots are left out: nothing can be asked about them. */
  readonly instanceIds: readonly InstanceId[];
}

export interface BotWorth extends BotOfUser {
  readonly valueMinor: number;
}

/** Users of one batch: some hundred kilobytes on the wire. */
const BATCH = 2_000;

export type Holdings = ReturnType<typeof createMongoHoldings>;

export function createMongoHoldings({
  db,
  onUnreadable = async () => undefined,
}: {
  /** Of an open client, which the caller closes. */
  readonly db: Db;
  /** A user with an allocation whose `_id` is no id of a user: one such record stops no run over the others. */
  readonly onUnreadable?: (id: string) => Promise<void>;
}) {
  const users = () => majorityCollection<Document>(db, 'users');
  return {
    /** Every user with an allocation, in batches. Only ids: the sums are asked for the few that drifted. */
    async *stream({
      signal,
      onUnreadable: report,
    }: {
      readonly signal: AbortSignal;
      /** Told of each user who cannot be named by any record, and is left out: one odd document stops no run. */
      readonly onUnreadable?: () => void;
    }): AsyncIterable<readonly UserHoldings[]> {
      const cursor = users().aggregate(HELD, { batchSize: BATCH });
      try {
        let batch: UserHoldings[] = [];
        for await (const user of cursor) {
          signal.throwIfAborted();
          const holdings = toHoldings(user);
          if (holdings === null) {
            report?.();
            await onUnreadable(String(user._id));
            continue;
          }
          batch.push(holdings);
          if (batch.length < BATCH) continue;
          yield batch;
          batch = [];
        }
        if (batch.length > 0) yield batch;
      } catch (error) {
        throw repeatableFailure(error);
      } finally {
        await cursor.close();
      }
    },

    /** What these allocations are worth in cents, computed by the database; those that are gone or not money are
     * left out. */
    async worth(bots: readonly BotOfUser[]): Promise<readonly BotWorth[]> {
      if (bots.length === 0) return [];
      const wanted = Map.groupBy(bots, ({ userId }) => userId);
      const ids = [...new Set(bots.map(({ instanceId }) => instanceId))];
      const found = await runRepeatable(() =>
        users()
          .aggregate([
            { $match: { _id: { $in: [...wanted.keys()].map((id) => new ObjectId(id)) } } },
            { $project: { bots: worthOf(ids) } },
          ])
          .toArray(),
      );
      return found.flatMap((user) => worthFrom(user, wanted));
    },

    /** The users of these names, each a firebaseUid or an `_id`, by the name that was asked for. One that two users
     * have is left out. */
    async usersOf(names: readonly string[]): Promise<ReadonlyMap<string, BotOwner>> {
      const ids = names.flatMap((name) => parseUserId(name) ?? []).map((id) => new ObjectId(id));
      const named = { $or: [{ firebaseUid: { $in: [...names] } }, { _id: { $in: ids } }] };
      const found = await runRepeatable(() =>
        users()
          .find(named, { projection: { firebaseUid: 1 } })
          .toArray(),
      );
      const owners = found.flatMap((user): BotOwner[] => {
        const userId = parseUserId(String(user._id));
        const firebaseUid = parseFirebaseUid(user.firebaseUid) ?? null;
        return userId === undefined ? [] : [{ userId, firebaseUid }];
      });
      return new Map(
        names.flatMap((name): [string, BotOwner][] => {
          const [owner, ...others] = owners.filter((one) => isOwner(one, name));
          return owner === undefined || others.length > 0 ? [] : [[name, owner]];
        }),
      );
    },
  };
}

const HELD = [
  { $match: { botAllocations: { $type: 'object', $ne: {} } } },
  {
    $project: {
      firebaseUid: 1,
      ids: {
        $map: { input: { $objectToArray: '$botAllocations' }, as: 'bot', in: '$$bot.k' },
      },
    },
  },
];

function toHoldings({ _id, firebaseUid, ids }: Document): UserHoldings | null {
  const keys: readonly unknown[] = ids;
  const userId = _id instanceof ObjectId ? toUserId(String(_id)) : undefined;
  if (userId === undefined) return null;
  return {
    userId,
    firebaseUid: parseFirebaseUid(firebaseUid) ?? null,
    instanceIds: keys.flatMap((key) => parseInstanceId(key) ?? []),
  };
}

function worthOf(ids: readonly string[]) {
  const value = valueFoundIn('$$bot.v');
  const isWanted = { $and: [{ $in: ['$$bot.k', literal(ids)] }, isMoneyValue(value)] };
  const cents = { $multiply: [{ $round: [{ $toDecimal: value }, 2] }, 100] };
  return {
    $map: {
      input: { $filter: { input: { $objectToArray: ALLOCATIONS }, as: 'bot', cond: isWanted } },
      as: 'bot',
      in: { id: '$$bot.k', valueMinor: { $toDouble: cents } },
    },
  };
}

function worthFrom(
  { _id, bots }: Document,
  wanted: ReadonlyMap<string, readonly BotOfUser[]>,
): BotWorth[] {
  const userId = toUserId(String(_id));
  const ids = new Set<string>(wanted.get(userId)?.map(({ instanceId }) => instanceId));
  const found: Document[] = bots;
  return found
    .filter(({ id }) => ids.has(id))
    .map(({ id, valueMinor }) => ({ userId, instanceId: toInstanceId(id), valueMinor }));
}
