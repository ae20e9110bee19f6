// Wakes the saga that waits for a child, as soon as the child has come to rest.

import { isAtRest } from '../machine/state.ts';
import type { Transition } from '../run/journal.ts';
import type { Sagas } from '../sagas.ts';

/** A wake-up that is lost costs the parent a second: it checks again by itself.
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
