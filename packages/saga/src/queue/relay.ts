// Makes sure that a worker runs every saga that is due (I7, I10). It reads sagas, not wake-ups: those
// can be lost, stuck or lie. Runs in every worker on a plain timer; a leader lease spares the double work.

import type { LeaderLeases } from '../log/mongodb/mongo-leader-leases.ts';
import type { SagaLog } from '../log/saga-log.ts';
import { createPeriodic, type Periodic } from '../run/periodic.ts';
import type { WakeUps } from './wake-ups.ts';

export interface RelayOptions {
  readonly log: Pick<SagaLog, 'takeOverdue'>;
  readonly wakeUps: WakeUps;
  readonly leaderLeases: LeaderLeases;
  readonly everyMs: number;
  /** A saga the relay has woken is left alone for this long; so long its leader lease is kept, too. */
  readonly holdMs: number;
  readonly onRepair: (repair: { readonly sagaId: string; readonly kind: string }) => void;
  readonly onError: (error: unknown) => void;
}

/** The most sagas woken in one turn; the rest are overdue still in the next. */
const BATCH = 500;
/** Longer than MongoDB needs to be found silent. What is left then is overdue still in the next turn. */
const TURN_LIMIT_MS = 10_000;
/** Wake-ups under way at once. */
const WIDTH = 20;

export function createRelay(options: RelayOptions): Periodic {
  const { leaderLeases, everyMs, holdMs, onError } = options;
  return createPeriodic({
    everyMs,
    limitMs: TURN_LIMIT_MS,
    onError,
    turn: async (signal) => {
      if (await leaderLeases.hold('relay', holdMs)) await wakeOverdue(options, signal);
    },
  });
}

async function wakeOverdue(
  { log, wakeUps, holdMs, onRepair, onError }: RelayOptions,
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
