// The drifts of runs over all users: one document a bot and run, kept for as long as the runs are.

import { parseSagaId, type SagaId } from '@reclaim/saga';
import { repeatableFailure, runRepeatable } from '@reclaim/saga/mongodb';
import type { Connection, mongo } from 'mongoose';
import { parseFirebaseUid, toInstanceId, toUserId, type UserId } from '../../domain/ids.ts';
import { nativeCollection } from '../../infra/mongodb/native.ts';
import type { DriftedUser, RunDrift, RunDrifts } from '../run-drifts.ts';

interface DriftDocument extends mongo.Document {
  readonly _id: string;
  readonly runId: string;
  readonly userId: string;
}

const MAJORITY = { writeConcern: { w: 'majority' } } as const;
/** Users handed out together. */
const USERS_PER_BATCH = 100;

export function createMongoRunDrifts({
  connection,
}: {
  /** An open mongoose connection; the caller closes it. */
  readonly connection: Connection;
}): RunDrifts {
  const drifts = () => nativeCollection<DriftDocument>(connection, 'runDrifts');
  return {
    async restart(runId, fence) {
      await fence();
      await runRepeatable(() => drifts().deleteMany({ runId }));
    },

    async add(runId, found, fence) {
      if (found.length === 0) return;
      await fence();
      const writes = found.map((drift) => ({ updateOne: insertOnce(runId, drift) }));
      await runRepeatable(() => drifts().bulkWrite(writes, { ordered: false, ...MAJORITY }));
    },

    async *byUser(runId, { signal }) {
      const cursor = drifts().find({ runId }).sort({ runId: 1, userId: 1, _id: 1 });
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

    async assign(runId, runs, fence) {
      if (runs.size === 0) return;
      await fence();
      const writes = [...runs].map(([userId, sagaId]) => ({
        updateMany: { filter: { runId, userId }, update: { $set: { sagaId } } },
      }));
      await runRepeatable(() => drifts().bulkWrite(writes, { ordered: false, ...MAJORITY }));
    },

    async sample(runId, limit) {
      const found = await runRepeatable(() =>
        drifts().find({ runId }).sort({ runId: 1, userId: 1, _id: 1 }).limit(limit).toArray(),
      );
      return found.map(toDrift);
    },
  };
}

function insertOnce(runId: SagaId, { userId, instanceId, ...rest }: RunDrift) {
  return {
    filter: { _id: `${runId}/${userId}/${instanceId}` },
    update: {
      $setOnInsert: { runId, userId, instanceId, ...rest, sagaId: null },
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
