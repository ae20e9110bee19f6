// What is open, by kind and phase, in one aggregation over the open sagas.

import { runRepeatable } from '../../mongodb/mongo-errors.ts';
import type { LogContext } from './log-context.ts';

export interface OpenSagas {
  readonly kind: string;
  readonly phase: string;
  readonly count: number;
  /** Of these, how many wait to learn what became of an effect. */
  readonly inDoubt: number;
  /** Since the oldest of them was accepted, by the database's time. */
  readonly oldestSeconds: number;
  /** How long the one that has waited longest could have been run by now: due, not stuck, with no live lease. 0: none
   * waits. By the database's time. */
  readonly waitingSeconds: number;
}

const IS_IN_DOUBT = { $in: ['in-doubt', '$state.steps.status'] };

/** A lease that has run out is none; one that never was counts from the moment the saga was due. */
const IS_RUNNABLE = {
  $and: [
    { $ne: ['$state.phase', 'stuck'] },
    { $lte: ['$dueAt', '$$NOW'] },
    { $lte: [{ $ifNull: ['$leaseUntil', '$dueAt'] }, '$$NOW'] },
  ],
};
/** "Due at once" is stored as a moment long ago. */
const RUNNABLE_SINCE = {
  $max: ['$dueAt', '$leaseUntil', '$createdAt', { $last: '$history.at' }],
};

const secondsSince = (moment: unknown) => ({
  $divide: [{ $subtract: ['$$NOW', moment] }, 1_000],
});

export function summarizeOpen({ sagas }: LogContext): Promise<readonly OpenSagas[]> {
  return runRepeatable(async () => {
    const groups = await sagas
      .aggregate<{ _id: Pick<OpenSagas, 'kind' | 'phase'> } & Omit<OpenSagas, 'kind' | 'phase'>>([
        { $match: { open: true } },
        {
          $group: {
            _id: { kind: '$kind', phase: '$state.phase' },
            count: { $sum: 1 },
            inDoubt: { $sum: { $cond: [IS_IN_DOUBT, 1, 0] } },
            oldest: { $min: '$createdAt' },
            runnableSince: { $min: { $cond: [IS_RUNNABLE, RUNNABLE_SINCE, null] } },
          },
        },
        {
          $project: {
            count: 1,
            inDoubt: 1,
            oldestSeconds: secondsSince('$oldest'),
            waitingSeconds: { $max: [0, secondsSince({ $ifNull: ['$runnableSince', '$$NOW'] })] },
          },
        },
      ])
      .toArray();
    return groups.map(({ _id, ...figures }) => ({ ..._id, ...figures }));
  });
}
