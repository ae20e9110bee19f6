// Frees a key that other sagas hold: those that are preemptible are ended at once, even under a worker's hands, because the
// key stays unique (I8). A call of theirs may still be under way, so the result names how long the next one must wait.

import { RetryableError } from '../errors.ts';
import type { SagaRecord } from '../log/record.ts';
import { isEnded } from '../machine/state.ts';
import type { Clock } from '../run/clock.ts';
import type { SagaId } from '../saga-id.ts';
import { type InterveneDeps, intervene } from './intervene.ts';

export interface PreemptResult {
  /** Of the sagas given, those that are not preemptible. */
  readonly others: readonly SagaRecord[];
  /** When no call of the preempted sagas is under way any more, for `SagaOrder.notBeforeMs`; null where there is none
   * to wait for. Database time, ms. */
  readonly notBeforeMs: number | null;
}

export interface PreemptDeps extends InterveneDeps {
  readonly clock: Clock;
}

/** @throws RetryableError when one of them changes faster than it can be ended. */
export async function preempt(
  deps: PreemptDeps,
  sagas: readonly SagaRecord[],
  by: string,
): Promise<PreemptResult> {
  const others: SagaRecord[] = [];
  let untilMs = 0;
  for (const saga of sagas) {
    const registered = deps.registry.find(saga.kind, saga.version);
    const preemptibleWithinMs = registered?.definition.preemptibleWithinMs;
    if (preemptibleWithinMs === undefined) {
      others.push(saga);
      continue;
    }
    const endedMs = saga.open ? await preemptOpen(deps, saga.id, by) : finishedMs(saga);
    if (endedMs !== null) untilMs = Math.max(untilMs, endedMs + preemptibleWithinMs);
  }
  return { others, notBeforeMs: untilMs > deps.clock.nowMs() ? untilMs : null };
}

// @returns when it ended, database time; null where nothing of it can be under way.
async function preemptOpen(deps: PreemptDeps, id: SagaId, by: string): Promise<number | null> {
  const { clock } = deps;
  const preempted = await intervene(deps, id, (saga, registered) => {
    if (isEnded(saga.state.phase)) return { answer: finishedMs(saga) };
    if (registered === undefined) return { answer: null };
    const event = { type: 'preempted', atMs: clock.nowMs() } as const;
    return { registered, event, detail: `to ${by}` };
  });
  if (preempted.status === 'answered') return preempted.answer;
  if (preempted.status === 'conflict')
    throw new RetryableError('SAGA_CHANGES', `saga ${id} changes faster than it can be ended`);
  // A saga that was never claimed has made no call.
  return preempted.status === 'landed' && preempted.saga.epoch > 0 ? clock.nowMs() : null;
}

// A saga that has completed has received the answer of its last call.
function finishedMs({ finishedAt, state }: SagaRecord): number | null {
  return finishedAt === null || state.phase === 'completed' ? null : Date.parse(finishedAt);
}
