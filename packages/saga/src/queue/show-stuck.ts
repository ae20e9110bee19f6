// Keeps stuck sagas where operators expect them: on the dashboard of the queue. Its jobs are forgotten after a while,
// and all at once by a flush; the log forgets no saga that is open. A wake-up that is there already stays as it is; a
// new one is taken by a worker, which finds the saga stuck and fails the job with its reason.

import type { LeaderLeases } from '../log/mongodb/mongo-leader-leases.ts';
import type { SagaLog } from '../log/saga-log.ts';
import { createPeriodic, type Periodic } from '../run/periodic.ts';
import type { WakeUps } from './wake-ups.ts';

export interface ShowStuckOptions {
  readonly log: Pick<SagaLog, 'list'>;
  readonly wakeUps: Pick<WakeUps, 'wake'>;
  readonly leaderLeases: LeaderLeases;
  readonly everyMs: number;
  readonly onError: (error: unknown) => void;
}

const PAGE = 100;
/** The newest; the list of the API shows the rest. */
const MAX_PAGES = 5;
/** A worker that misses this many turns is not alive. */
const MISSED_TURNS = 3;
/** Of all pages together; a dashboard may lag behind. */
const TURN_LIMIT_MS = 30_000;

export function createStuckInSight(options: ShowStuckOptions): Periodic {
  const { leaderLeases, everyMs, onError } = options;
  return createPeriodic({
    everyMs,
    limitMs: TURN_LIMIT_MS,
    onError,
    turn: async (signal) => {
      if (await leaderLeases.hold('stuck-in-sight', everyMs * MISSED_TURNS)) {
        await wakeStuck(options, signal);
      }
    },
  });
}

async function wakeStuck({ log, wakeUps }: ShowStuckOptions, signal: AbortSignal) {
  let cursor: string | null | undefined;
  for (let page = 0; page < MAX_PAGES && cursor !== null && !signal.aborted; page += 1) {
    const from = cursor === undefined ? {} : { cursor };
    const { sagas, nextCursor } = await log.list({ phases: ['stuck'], limit: PAGE, ...from });
    await Promise.all(sagas.map(({ id, kind }) => wakeUps.wake(id, kind)));
    cursor = nextCursor;
  }
}
