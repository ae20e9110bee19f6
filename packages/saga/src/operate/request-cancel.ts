// A caller's wish that a saga end without effect. It is decided by one conditional write against the pivot (I6): whichever of
// the two lands first, the other reads it.

import { randomUUID } from 'node:crypto';
import type { SagaRecord } from '../log/record.ts';
import type { SagaLog } from '../log/saga-log.ts';
import { canUndo } from '../machine/can-undo.ts';
import { apply } from '../machine/machine.ts';
import { isEnded } from '../machine/state.ts';
import type { Registry } from '../registry.ts';
import type { Clock } from '../run/clock.ts';
import type { SagaId } from '../saga-id.ts';

export type CancelResult =
  | { readonly status: 'requested'; readonly saga: SagaRecord }
  /** `pivot`: its point of no return is passed. `step`: what it does now cannot be undone. */
  | { readonly status: 'too-late'; readonly by: 'pivot' | 'step'; readonly saga: SagaRecord }
  | { readonly status: 'ended'; readonly saga: SagaRecord }
  | { readonly status: 'not-found' };

export interface CancelDeps {
  readonly log: Pick<SagaLog, 'find' | 'intervene'>;
  readonly registry: Registry;
  readonly clock: Clock;
}

/** A saga that changes all the time: its worker writes a few times a second at most. */
const MAX_TRIES = 20;

/** @throws Error when the saga changes faster than it can be cancelled. */
export async function requestCancel(
  { log, registry, clock }: CancelDeps,
  id: SagaId,
  by: string,
): Promise<CancelResult> {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const saga = await log.find(id);
    if (saga === null) return { status: 'not-found' };
    if (isEnded(saga.state.phase)) return { status: 'ended', saga };
    const registered = registry.find(saga.kind, saga.version);
    if (registered === undefined || saga.state.pivotBegun) {
      return { status: 'too-late', by: 'pivot', saga };
    }
    if (!canUndo(registered.definition, saga.state)) {
      return { status: 'too-late', by: 'step', saga };
    }
    const state = apply(registered.shape, saga.state, {
      type: 'cancel-requested',
      atMs: clock.nowMs(),
    });
    if (state === saga.state) return { status: 'requested', saga };
    const event = { type: 'cancel-requested', step: null, detail: `by ${by}` };
    const written = await log.intervene({ base: saga, state, event, writeId: randomUUID() });
    if (written.status === 'landed') return { status: 'requested', saga: written.saga };
  }
  throw new Error(`saga ${id} changes faster than it can be cancelled`);
}
