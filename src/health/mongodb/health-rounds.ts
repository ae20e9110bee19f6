// Rounds as one document of `healthRounds`, taken by a conditional write against the database's own clock.

import { randomUUID } from 'node:crypto';
import { isDuplicateKey, isOver, runRepeatable } from '@reclaim/saga/mongodb';
import type { Connection } from 'mongoose';
import { nativeCollection } from '../../infra/mongodb/native.ts';
import type { HealthRounds } from '../health-rounds.ts';

interface RoundDocument {
  _id: string;
  token: string | null;
  until: Date;
  completeAt?: Date;
}

const ROUND = 'pool-health';

export function createMongoHealthRounds(connection: Connection): HealthRounds {
  const rounds = () => nativeCollection<RoundDocument>(connection, 'healthRounds');
  return {
    begin: async (holdMs) => {
      const token = randomUUID();
      const isFree = {
        $or: [{ $eq: ['$token', null] }, { $eq: ['$token', token] }, isOver('$until', holdMs)],
      };
      const taken = { token, until: { $add: ['$$NOW', holdMs] } };
      return runRepeatable(async () => {
        await rounds()
          .updateOne(
            { _id: ROUND },
            { $setOnInsert: { token: null, until: new Date(0) } },
            { upsert: true },
          )
          .catch((error: unknown) => {
            if (!isDuplicateKey(error)) throw error;
          });
        const { matchedCount } = await rounds().updateOne({ _id: ROUND, $expr: isFree }, [
          { $set: taken },
        ]);
        return matchedCount === 1 ? token : null;
      });
    },

    end: async (token, { isComplete }) => {
      const ended = { token: null, ...(isComplete && { completeAt: '$$NOW' }) };
      await runRepeatable(() => rounds().updateOne({ _id: ROUND, token }, [{ $set: ended }]));
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
