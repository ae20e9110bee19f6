// The news that what a saga sleeps for may have come: it is due now, and looks for itself.

import type { SagaRecord } from '../log/record.ts';
import type { SagaId } from '../saga-id.ts';
import { type InterveneDeps, intervene } from './intervene.ts';

/** Conflicts with the worker that is just going to sleep: it will look again by itself all the same. */
const MAX_NUDGES = 3;

/** @returns null where there is nothing to wake. */
export async function nudge(deps: InterveneDeps, id: SagaId): Promise<SagaRecord | null> {
  const nudged = await intervene(
    deps,
    id,
    (_saga, registered) =>
      registered === undefined ? { answer: null } : { registered, event: { type: 'nudged' } },
    MAX_NUDGES,
  );
  return nudged.status === 'landed' ? nudged.saga : null;
}
