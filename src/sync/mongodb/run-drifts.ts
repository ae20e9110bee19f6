// What one run over all users has found, bot by bot: the list it works off after its guards have judged the whole,
// and the evidence that stays when it has ended. One document a bot and list, kept for as long as the runs are. Every
// attempt of a survey makes a list of its own: what a worker that lost its run, or a slow network, still writes for an
// earlier attempt arrives in a list that nothing reads.

import { parseSagaId, type SagaId } from '@reclaim/saga';
import { majorityCollection, repeatableFailure, runRepeatable } from '@reclaim/saga/mongodb';
import type { Db, Document } from 'mongodb';
import {
  type FirebaseUid,
  type InstanceId,
  parseFirebaseUid,
  toInstanceId,
  toUserId,
  type UserId,
} from '../../domain/ids.ts';
import type { PresenceAnswer, Verdict } from '../../domain/presence.ts';
import type { Fence } from './suspects.ts';

export interface RunDrift {
  readonly userId: UserId;
  readonly firebaseUid: FirebaseUid | null;
  readonly instanceId: InstanceId;
  readonly verdict: Verdict;
  readonly poolState: PresenceAnswer;
  readonly docker: PresenceAnswer;
  /** Cents; null where there is no money in it, or nothing that is money. */
  readonly valueMinor: number | null;
}

export interface DriftedUser {
  readonly userId: UserId;
  readonly firebaseUid: FirebaseUid | null;
  readonly drifts: readonly RunDrift[];
  /** The run that observes again; null before one was started. */
  readonly sagaId: SagaId | null;
}

interface DriftDocument extends Document {
  readonly _id: string;
  readonly listId: string;
  readonly userId: string;
}

const MAJORITY = { writeConcern: { w: 'majority' } } as const;
/** Users handed out together. */
const USERS_PER_BATCH = 100;

/** Every write asks the fence right before it is sent (I5). */
export type RunDrifts = ReturnType<typeof createMongoRunDrifts>;

export function createMongoRunDrifts(db: Db) {
  const drifts = () => majorityCollection<DriftDocument>(db, 'runDrifts');
  return {
    /** Durable on a majority when it returns. */
    async add(listId: string, found: readonly RunDrift[], fence: Fence): Promise<void> {
      if (found.length === 0) return;
      await fence();
      const writes = found.map((drift) => ({ updateOne: insertOnce(listId, drift) }));
      await runRepeatable(() => drifts().bulkWrite(writes, { ordered: false, ...MAJORITY }));
    },

    /** By user, in batches, in a stable order. */
    async *byUser(
      listId: string,
      { signal }: { readonly signal: AbortSignal },
    ): AsyncIterable<readonly DriftedUser[]> {
      const cursor = drifts().find({ listId }).sort({ listId: 1, userId: 1, _id: 1 });
      try {
        const users = new Map<UserId, DriftDocument[]>();
        for await (const document of cursor) {
          signal.throwIfAborted();
          const userId = toUserId(document.userId);
          if (!users.has(userId) && users.size >= USERS_PER_BATCH) {
            yield toUsers(users);
            users.clear();
          }
          users.set(userId, [...(users.get(userId) ?? []), document]);
        }
        if (users.size > 0) yield toUsers(users);
      } catch (error) {
        throw repeatableFailure(error);
      } finally {
        await cursor.close();
      }
    },

    /** Notes which run observes a user's drifts again. */
    async assign(listId: string, runs: ReadonlyMap<UserId, SagaId>, fence: Fence): Promise<void> {
      if (runs.size === 0) return;
      await fence();
      const writes = [...runs].map(([userId, sagaId]) => ({
        updateMany: { filter: { listId, userId }, update: { $set: { sagaId } } },
      }));
      await runRepeatable(() => drifts().bulkWrite(writes, { ordered: false, ...MAJORITY }));
    },

    /** For people: the first of them. */
    async sample(listId: string, limit: number): Promise<readonly RunDrift[]> {
      const found = await runRepeatable(() =>
        drifts().find({ listId }).sort({ listId: 1, userId: 1, _id: 1 }).limit(limit).toArray(),
      );
      return found.map(toDrift);
    },
  };
}

function insertOnce(listId: string, { userId, instanceId, ...rest }: RunDrift) {
  return {
    filter: { _id: `${listId}/${userId}/${instanceId}` },
    update: {
      $setOnInsert: { listId, userId, instanceId, ...rest, sagaId: null },
      // For the index that lets them go.
      $currentDate: { notedAt: true as const },
    },
    upsert: true,
  };
}

function toUsers(users: ReadonlyMap<UserId, readonly DriftDocument[]>): readonly DriftedUser[] {
  return [...users].map(([userId, documents]) => {
    const drifts = documents.map(toDrift);
    const sagaId = parseSagaId(documents[0]?.sagaId) ?? null;
    return { userId, firebaseUid: drifts[0]?.firebaseUid ?? null, drifts, sagaId };
  });
}

function toDrift(document: DriftDocument): RunDrift {
  const { firebaseUid, instanceId, verdict, poolState, docker, valueMinor } = document;
  return {
    userId: toUserId(document.userId),
    firebaseUid: parseFirebaseUid(firebaseUid) ?? null,
    instanceId: toInstanceId(instanceId),
    verdict,
    poolState,
    docker,
    valueMinor,
  };
}
