// How long a saga may wait with its slot in its hands. A short wait is not worth a wake-up; but one short wait after the
// other, for the same step, is a long one: sagas that wait for others in that way could hold every slot that those need.

import type { SagaState } from '../machine/state.ts';
import type { Clock } from './clock.ts';

/** Of a worker: shorter waits and backoffs keep its slot, longer ones give it back. */
export const WAIT_IN_PLACE_MS = 1_000;

type Waiting = Pick<SagaState, 'cursor' | 'notBeforeMs'>;

/** @param claimed the state that the claim began with: its own wait was not in this slot.
 * @returns whether the saga in this state may wait in place; asked at each turn of the claim. */
export function createWaitsInPlace(
  limitMs: number,
  clock: Clock,
  claimed: Waiting,
): (state: Waiting) => boolean {
  let waitingAt = -1;
  let sinceMs = 0;
  return ({ cursor, notBeforeMs }) => {
    if (notBeforeMs === null) return true;
    const waitMs = Math.max(0, notBeforeMs - clock.nowMs());
    if (notBeforeMs === claimed.notBeforeMs) return waitMs <= limitMs;
    const nowMs = clock.monotonicMs();
    if (cursor !== waitingAt) {
      waitingAt = cursor;
      sinceMs = nowMs;
    }
    return nowMs - sinceMs + waitMs <= limitMs;
  };
}
