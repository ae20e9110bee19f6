// Makes sure that a worker runs every saga that is due (I7, I10). It reads sagas, not wake-ups: those
// can be lost, stuck or lie. Runs in every worker on a plain timer; a leader lease spares the double work.

import type { SagaLog } from '../log/saga-log.ts';
import type { WakeUps } from './wake-ups.ts';

export interface RelayDeps {
  readonly log: Pick<SagaLog, 'takeOverdue'>;
  readonly wakeUps: Pick<WakeUps, 'requeue'>;
  readonly onRepair: (repair: { readonly sagaId: string; readonly kind: string }) => void;
  /** One saga could not be woken. */
  readonly onError: (error: unknown) => void;
}

/** The most sagas woken in one turn; the rest are overdue still in the next. */
const BATCH = 500;
/** Wake-ups under way at once. */
const WIDTH = 20;

/** @param holdMs a saga that was woken is left alone for this long. */
export async function wakeOverdue(
  { log, wakeUps, onRepair, onError }: RelayDeps,
  holdMs: number,
  signal: AbortSignal,
): Promise<void> {
  const overdue = [...(await log.takeOverdue({ limit: BATCH, holdMs }))];
  async function wakeNext(): Promise<void> {
    for (let saga = overdue.pop(); saga !== undefined && !signal.aborted; saga = overdue.pop()) {
      const { id, kind } = saga;
      try {
        const status = await wakeUps.requeue(id, kind);
        if (status === 'requeued') onRepair({ sagaId: id, kind });
      } catch (error) {
        // One that cannot be woken must not keep the others asleep; it is overdue again after `holdMs`.
        onError(error);
      }
    }
  }
  await Promise.all(Array.from({ length: WIDTH }, wakeNext));
}
