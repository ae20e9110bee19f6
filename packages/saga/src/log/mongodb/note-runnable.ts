// Since when an open saga has no worker that can run its version.

import { runRepeatable } from '../../mongodb/mongo-errors.ts';
import type { LogContext } from './log-context.ts';

export async function noteRunnable(
  { sagas }: LogContext,
  runnable: readonly string[],
): Promise<void> {
  await runRepeatable(async () => {
    await sagas.updateMany({ open: true, pinned: { $nin: [...runnable] }, unrunnableSince: null }, [
      { $set: { unrunnableSince: '$$NOW' } },
    ]);
    await sagas.updateMany(
      { open: true, pinned: { $in: [...runnable] }, unrunnableSince: { $type: 'date' } },
      { $set: { unrunnableSince: null } },
    );
  });
}
