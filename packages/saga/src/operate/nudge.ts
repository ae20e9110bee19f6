// The news that what a saga sleeps for may have come: it is due now, and looks for itself.

import { randomUUID } from 'node:crypto';
import type { SagaRecord } from '../log/record.ts';
import type { SagaLog } from '../log/saga-log.ts';
import { apply } from '../machine/machine.ts';
import type { Registry } from '../registry.ts';
import type { SagaId } from '../saga-id.ts';

export interface NudgeDeps {
  readonly log: Pick<SagaLog, 'find' | 'intervene'>;
  readonly registry: Registry;
}

/** Conflicts with the worker that is just going to sleep: it will look again by itself all the same. */
const MAX_NUDGES = 3;

/** @returns null where there is nothing to wake. */
export async function nudge({ log, registry }: NudgeDeps, id: SagaId): Promise<SagaRecord | null> {
  for (let tries = 0; tries < MAX_NUDGES; tries += 1) {
    const saga = await log.find(id);
    const registered = saga === null ? undefined : registry.find(saga.kind, saga.version);
    if (saga === null || registered === undefined) return null;
    const state = apply(registered.shape, saga.state, { type: 'nudged' });
    if (state === saga.state) return null;
    const event = { type: 'nudged', step: null, detail: null };
    const written = await log.intervene({ base: saga, state, event, writeId: randomUUID() });
    if (written.status === 'landed') return written.saga;
  }
  return null;
}
