// The pool state behind its lock. One writer at a time (I5): a change is a pure function of the state
// read inside the lock, so it can be combined with others and tried again.

import type { SourceAnswer } from '../domain/source.ts';
import type { PoolState } from './pool-state.ts';

export interface PoolStates {
  /** The state as it stands. Torn, missing or unreadable is `unknown`, never "no bots" (I4). */
  read(call: PoolQuestion): Promise<SourceAnswer<PoolState>>;

  /** Applies `change` to the state read under the lock and writes it durably. Changes that wait go out
   * as one write. `change` returns the same object for "nothing to do" (then nothing is written on its
   * behalf) and must be pure: it may run more than once. `fence` is called inside the lock before
   * `change`, anew at every try; if it throws, only this caller's change is left out. Everything that an older
   * claim's worker had under way has landed, or never will, when this answers.
   * @returns the state after the write that carried this change, and whether this change changed it.
   * @throws UnavailableError when the state cannot be read or locked; InDoubtError when the write may
   * or may not have landed. */
  mutate(command: PoolMutation): Promise<{ readonly state: PoolState; readonly changed: boolean }>;
}

export interface PoolQuestion {
  readonly signal: AbortSignal;
  /** Unset: the whole state. */
  readonly about?: PoolScope;
}

export interface PoolMutation {
  readonly change: (state: PoolState) => PoolState;
  readonly fence: () => Promise<void>;
  readonly signal: AbortSignal;
  /** What `change` reads and changes. Unset: the whole state. */
  readonly about?: PoolScope;
}

/** The part of the state that a question or a change is about, so that one bot's costs the same among
 * ten bots and among a hundred thousand. What the scope names is there, whole, and in its order; of the rest the
 * answer may hold anything or nothing: the answer to a part proves nothing about the rest (I4). */
export interface PoolScope {
  /** Their mappings, the pools that list them, and the pools that their mappings name. */
  readonly bots?: readonly string[];
  /** firebaseUids: the pools that are theirs, or whose container bears their name, with the mappings of
   * all bots of these pools; the bots whose id begins with theirs, with the pools that list them. */
  readonly users?: readonly string[];
  /** These pools, with the mappings of all their bots. */
  readonly pools?: readonly string[];
  /** The pools in containers of these names. */
  readonly containers?: readonly string[];
}
