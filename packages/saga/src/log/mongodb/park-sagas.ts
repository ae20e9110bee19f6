// Keeps the relay away from sagas that a worker has parked. A loss costs a wake-up that finds no room.

import { runRepeatable } from '../../mongodb/mongo-errors.ts';
import type { SagaId } from '../../saga-id.ts';
import type { LogContext } from './log-context.ts';

export async function parkSagas(
  { sagas }: LogContext,
  parked: readonly { readonly id: SagaId; readonly untilMs: number }[],
): Promise<undefined[]> {
  const writes = parked.map(({ id, untilMs }) => ({
    updateOne: {
      filter: { _id: id, open: true },
      update: { $max: { parkedUntil: new Date(untilMs) } },
    },
  }));
  await runRepeatable(() => sagas.bulkWrite(writes, { ordered: false, writeConcern: { w: 1 } }));
  return parked.map(() => undefined);
}
