// Wakes a saga because what it sleeps for may have come: it is due now, and its step checks for itself.

import type { SagaRecord } from '../log/record.ts';
import { isAtRest } from '../machine/state.ts';
import type { Transition } from '../run/journal.ts';
import type { SagaId } from '../saga-id.ts';
import type { Sagas } from '../sagas.ts';
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

/** Wakes the saga that waits for a child, as soon as the child has come to rest. A wake-up that is lost costs the parent a
 * second: it checks again by itself.
 * @param onFailed gets its error. */
export function wakeParent(
  sagas: Pick<Sagas, 'wakeNow'>,
  { after }: Pick<Transition, 'after'>,
  onFailed: (error: unknown) => void,
): void {
  const { parent, state } = after;
  if (parent === null || !isAtRest(state.phase)) return;
  sagas.wakeNow(parent).catch(onFailed);
}
