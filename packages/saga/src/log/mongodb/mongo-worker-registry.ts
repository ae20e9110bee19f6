// Which definitions the live worker processes can run, so that a saga whose version no worker knows does not wait in
// silence: a document each in `workers`, alive until the moment it names, by the database's time.

import { randomUUID } from 'node:crypto';
import type { Db } from 'mongodb';
import { isOver } from '../../mongodb/holds.ts';
import { majorityCollection } from '../../mongodb/majority-collection.ts';
import { runRepeatable } from '../../mongodb/mongo-errors.ts';

interface WorkerDocument {
  _id: string;
  runnable: string[];
  until: Date;
  /** For how long it was announced. */
  ttlMs: number;
}

const IS_GONE = isOver('$until', '$ttlMs');

export type WorkerRegistry = ReturnType<typeof createMongoWorkerRegistry>;

export function createMongoWorkerRegistry(db: Db) {
  const workers = () => majorityCollection<WorkerDocument>(db, 'workers');
  const self = randomUUID();
  return {
    /** This process can run these (`<name>@<version>`) for so long. */
    announce: (runnable: readonly string[], ttlMs: number): Promise<void> =>
      runRepeatable(async () => {
        const until = { $add: ['$$NOW', ttlMs] };
        await workers().updateOne(
          { _id: self },
          [{ $set: { runnable: { $literal: [...runnable] }, until, ttlMs } }],
          { upsert: true },
        );
        await workers().deleteMany({ $expr: IS_GONE });
      }),
    /** What at least one live process can run. */
    runnable: (): Promise<readonly string[]> =>
      runRepeatable(async () => {
        const live = await workers()
          .find({ $expr: { $not: [IS_GONE] } })
          .toArray();
        return [...new Set(live.flatMap(({ runnable }) => runnable))];
      }),
    /** This process runs nothing any more. */
    withdraw: (): Promise<void> =>
      runRepeatable(async () => void (await workers().deleteOne({ _id: self }))),
  };
}
