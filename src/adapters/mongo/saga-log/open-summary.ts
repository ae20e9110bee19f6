// What is open, by kind and phase, in one aggregation over the open sagas.

import type { OpenSagas } from '../../../saga/ports/saga-log.ts';
import { runRepeatable } from '../mongo-errors.ts';
import type { LogContext } from './log-context.ts';

const IS_IN_DOUBT = { $in: ['in-doubt', '$state.steps.status'] };

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
          },
        },
        {
          $project: {
            count: 1,
            inDoubt: 1,
            oldestSeconds: { $divide: [{ $subtract: ['$$NOW', '$oldest'] }, 1_000] },
          },
        },
      ])
      .toArray();
    return groups.map(({ _id, ...figures }) => ({ ..._id, ...figures }));
  });
}
