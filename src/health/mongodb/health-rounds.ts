// A round holds a leader lease of its own; when the last complete one ended is a document of `healthRounds`.

import { createMongoLeaderLeases, runRepeatable } from '@reclaim/saga/mongodb';
import type { Connection } from 'mongoose';
import { nativeCollection, nativeDb } from '../../infra/mongodb/native.ts';
import type { HealthRounds } from '../health-rounds.ts';

interface RoundDocument {
  _id: string;
  completeAt: Date;
}

const ROUND = 'pool-health';

export function createMongoHealthRounds(connection: Connection): HealthRounds {
  const rounds = () => nativeCollection<RoundDocument>(connection, 'healthRounds');
  return {
    begin: async (holdMs) => {
      const lease = createMongoLeaderLeases(nativeDb(connection));
      if (!(await lease.hold(ROUND, holdMs))) return null;
      return {
        end: async ({ isComplete }) => {
          if (isComplete && (await lease.hold(ROUND, holdMs))) {
            const ended = { $currentDate: { completeAt: true } } as const;
            await runRepeatable(() => rounds().updateOne({ _id: ROUND }, ended, { upsert: true }));
          }
          await lease.giveBack();
        },
      };
    },

    lastCompleteSecondsAgo: async () => {
      const [found] = await runRepeatable(() =>
        rounds()
          .aggregate<{ seconds: number }>([
            { $match: { _id: ROUND, completeAt: { $type: 'date' } } },
            {
              $project: {
                seconds: { $divide: [{ $subtract: ['$$NOW', '$completeAt'] }, 1_000] },
              },
            },
          ])
          .toArray(),
      );
      // A round from before the clock went back is not one that has just ended.
      return found === undefined ? null : Math.floor(Math.abs(found.seconds));
    },
  };
}
