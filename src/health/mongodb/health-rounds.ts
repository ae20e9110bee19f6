// One round of health checks at a time in the whole system, whichever process's clock ticks: a round holds a leader
// lease of its own; when the last complete one ended is a document of `healthRounds`.

import { createMongoLeaderLeases, majorityCollection, runRepeatable } from '@reclaim/saga/mongodb';
import type { Db } from 'mongodb';

export interface HealthRound {
  /** Changes nothing if another round has begun since.
   * @param round.isComplete whether every bot was checked. */
  end(round: { readonly isComplete: boolean }): Promise<void>;
}

interface RoundDocument {
  _id: string;
  completeAt: Date;
}

const ROUND = 'pool-health';

export type HealthRounds = ReturnType<typeof createMongoHealthRounds>;

export function createMongoHealthRounds(db: Db) {
  const rounds = () => majorityCollection<RoundDocument>(db, 'healthRounds');
  return {
    /** Null while another round is under way that began less than `holdMs` ago. */
    begin: async (holdMs: number): Promise<HealthRound | null> => {
      const lease = createMongoLeaderLeases(db);
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

    /** Seconds since the last complete round ended; null: none ever has. */
    lastCompleteSecondsAgo: async (): Promise<number | null> => {
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
