// Keeps stuck sagas where operators expect them: on the dashboard of the queue. Its jobs are forgotten after a while,
// and all at once by a flush; the log forgets no saga that is open. A wake-up that is there already stays as it is; a
// new one is taken by a worker, which finds the saga stuck and fails the job with its reason.

import type { SagaLog } from '../log/saga-log.ts';
import type { WakeUps } from './wake-ups.ts';

const PAGE = 100;
/** The newest; the list of the API shows the rest. */
const MAX_PAGES = 5;

export async function wakeStuck(
  log: Pick<SagaLog, 'list'>,
  wakeUps: Pick<WakeUps, 'wake'>,
  signal: AbortSignal,
): Promise<void> {
  let cursor: string | null | undefined;
  for (let page = 0; page < MAX_PAGES && cursor !== null && !signal.aborted; page += 1) {
    const from = cursor === undefined ? {} : { cursor };
    const { sagas, nextCursor } = await log.list({ phases: ['stuck'], limit: PAGE, ...from });
    await Promise.all(sagas.map(({ id, kind }) => wakeUps.wake(id, kind)));
    cursor = nextCursor;
  }
}
