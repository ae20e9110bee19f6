// Waits for a saga's end for a caller: the log is read until it is there, because a message about it may be lost (I9).

import { UnavailableError } from '../errors.ts';
import type { SagaRecord } from '../log/record.ts';
import type { SagaLog } from '../log/saga-log.ts';
import { isAtRest } from '../machine/state.ts';
import { pause, within } from '../run/deadline.ts';
import type { SagaId } from '../saga-id.ts';

/** How often an open saga is read while a caller waits for its end. */
const WATCH_EVERY_MS = 25;

/** A wait that is shorter, or none, is answered too. */
const FIRST_READ_MS = 1_000;

/** @throws UnavailableError LOG_LATE where the log has not answered once until the time is over. */
// Reads of many waiters are combined by the log into one query a round.
export async function waitForEnd(
  log: Pick<SagaLog, 'find'>,
  id: SagaId,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<SagaRecord | null> {
  if (Number.isNaN(Number(timeoutMs))) throw new TypeError('a wait needs timeoutMs, a number');
  const end = performance.now() + timeoutMs;
  let newest = await firstRead(log.find(id), Math.max(timeoutMs, FIRST_READ_MS), signal);
  for (;;) {
    if (newest === null || isAtRest(newest.state.phase)) return newest;
    const leftMs = end - performance.now();
    if (leftMs <= 0 || signal.aborted) return newest;
    await pause(Math.min(WATCH_EVERY_MS, leftMs), signal);
    // A log that does not answer holds no caller up.
    const limit = { ms: end - performance.now(), signal };
    newest = await within(log.find(id), { ...limit, late: newest });
  }
}

const LATE = Symbol('late');

async function firstRead<T>(reading: Promise<T>, ms: number, signal: AbortSignal): Promise<T> {
  const first = await within(reading, { ms, signal, late: LATE });
  if (first === LATE) throw new UnavailableError('LOG_LATE', 'the saga log does not answer');
  return first as T;
}
