// Wakes a saga because what it sleeps for may have come: it is due now, and its step checks for itself.

import type { SagaRecord } from '../log/record.ts';
import type { SagaId } from '../saga-id.ts';
import { type InterveneDeps, intervene } from './intervene.ts';

/** Conflicts with the worker that is just going to sleep: its next attempt checks again by itself all the same. */
const MAX_WAKES = 3;

/** @returns null where there is nothing to wake. */
export async function wakeNow(deps: InterveneDeps, id: SagaId): Promise<SagaRecord | null> {
  const woken = await intervene(
    deps,
    id,
    (_saga, registered) =>
      registered === undefined ? { answer: null } : { registered, event: { type: 'woken' } },
    MAX_WAKES,
  );
  return woken.status === 'landed' ? woken.saga : null;
}
