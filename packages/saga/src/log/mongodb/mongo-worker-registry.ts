// The live worker processes, a document each in `workers`, alive until the moment it names.

import { randomUUID } from 'node:crypto';
import type { Db } from 'mongodb';
import { isOver } from '../../mongodb/holds.ts';
import { majorityCollection } from '../../mongodb/majority-collection.ts';
import { runRepeatable } from '../../mongodb/mongo-errors.ts';
import type { WorkerRegistry } from '../version-watch.ts';

interface WorkerDocument {
  _id: string;
  runnable: string[];
  until: Date;
  /** For how long it was announced. */
  ttlMs: number;
}

const IS_GONE = isOver('$until', '$ttlMs');

export function createMongoWorkerRegistry(db: Db): WorkerRegistry {
  const workers = () => majorityCollection<WorkerDocument>(db, 'workers');
  const self = randomUUID();
  return {
    announce: (runnable, ttlMs) =>
      runRepeatable(async () => {
        const until = { $add: ['$$NOW', ttlMs] };
        await workers().updateOne(
          { _id: self },
          [{ $set: { runnable: { $literal: [...runnable] }, until, ttlMs } }],
          { upsert: true },
        );
        await workers().deleteMany({ $expr: IS_GONE });
      }),
    runnable: () =>
      runRepeatable(async () => {
        const live = await workers()
          .find({ $expr: { $not: [IS_GONE] } })
          .toArray();
        return [...new Set(live.flatMap(({ runnable }) => runnable))];
      }),
    withdraw: () => runRepeatable(async () => void (await workers().deleteOne({ _id: self }))),
  };
}
