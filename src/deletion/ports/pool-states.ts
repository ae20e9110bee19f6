// The pool state behind its lock. One writer at a time (I5): a change is a pure function of the state
// read inside the lock, so it can be combined with others and tried again.

import type { PoolState } from '../../domain/pool-state.ts';
import type { SourceAnswer } from '../../domain/source.ts';

export interface PoolStates {
  /** The state as it stands. Torn, missing or unreadable is `unknown`, never "no bots" (I4). */
  read(call: { readonly signal: AbortSignal }): Promise<SourceAnswer<PoolState>>;

  /** Applies `change` to the state read under the lock and writes it durably (fsync, rename). Changes
   * that wait for the lock go out as one write. `change` returns the same object for "nothing to do"
   * (then nothing is written on its behalf) and must be pure: it may run more than once. `fence` is
   * asked inside the lock before `change`; if it throws, only this caller's change is left out.
   * @returns the state after the write that carried this change, and whether this change changed it.
   * @throws UnavailableError when the state cannot be read or locked; InDoubtError when the write may
   * or may not have landed. */
  mutate(command: PoolMutation): Promise<{ readonly state: PoolState; readonly changed: boolean }>;
}

export interface PoolMutation {
  readonly change: (state: PoolState) => PoolState;
  readonly fence: () => Promise<void>;
  readonly signal: AbortSignal;
}
