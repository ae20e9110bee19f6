// Somebody waits for a saga's end: the log is read until it is there, because no message about it may be lost (I9).

import type { SagaId } from '../domain/ids.ts';
import { pause } from './deadline.ts';
import type { SagaLog } from './ports/saga-log.ts';
import type { SagaRecord } from './record.ts';
import { isAtRest } from './state.ts';

/** How often an open saga is looked at while somebody waits for its end. */
const WATCH_EVERY_MS = 25;

// Reads of many waiters are combined by the log into one query a round.
export async function waitForEnd(
  log: Pick<SagaLog, 'find'>,
  id: SagaId,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<SagaRecord | null> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const saga = await log.find(id);
    if (saga === null || isAtRest(saga.state.phase)) return saga;
    const leftMs = end - performance.now();
    if (leftMs <= 0 || signal.aborted) return saga;
    await pause(Math.min(WATCH_EVERY_MS, leftMs), signal);
  }
}
