// The live worker processes, a document each in `workers`, alive until the moment it names.

import { randomUUID } from 'node:crypto';
import type { Connection } from 'mongoose';
import type { Workforce } from '../../saga/ports/workforce.ts';
import { isOver } from './holds.ts';
import { runRepeatable } from './mongo-errors.ts';
import { nativeCollection } from './native.ts';

interface WorkerDocument {
  _id: string;
  runnable: string[];
  until: Date;
  /** For how long it was announced. */
  ttlMs: number;
}

const IS_GONE = isOver('$until', '$ttlMs');

export function createMongoWorkforce(connection: Connection): Workforce {
  const workers = () => nativeCollection<WorkerDocument>(connection, 'workers');
  const self = randomUUID();
  return {
    announce: (runnable, ttlMs) =>
      runRepeatable(async () => {
        const until = { $dateAdd: { startDate: '$$NOW', unit: 'millisecond', amount: ttlMs } };
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
