// The words between the machine and the runner: what the machine wants done, and the possible results. The
// machine reads no clock, so every event brings the moments it needs with it.

import type { Observation, Warning } from '../definition.ts';
import type { Json } from '../json.ts';
import type { StepFailure } from './state.ts';

export type Command =
  /** Ended or stuck: nothing to do. */
  | { readonly type: 'rest' }
  /** Raise the epoch in the outside world: the saga was resumed. */
  | { readonly type: 'fence' }
  | { readonly type: 'capture-all' }
  | { readonly type: 'capture'; readonly step: number }
  /** Write down that the next attempt begins, before it does. */
  | { readonly type: 'begin'; readonly step: number }
  | { readonly type: 'run'; readonly step: number }
  | { readonly type: 'observe'; readonly step: number }
  | { readonly type: 'abort'; readonly step: number }
  | { readonly type: 'compensate'; readonly step: number };

export interface Moment {
  /** Database time, ms. */
  readonly atMs: number;
}

export interface Again extends Moment {
  /** Not before this moment, if the step is tried again; null: at once. */
  readonly retryAtMs: number | null;
}

export interface Success extends Moment {
  readonly value: Json | null;
  readonly warnings: readonly Warning[];
}

export type SagaEvent =
  | { readonly type: 'claimed'; readonly resumed: boolean }
  | { readonly type: 'effects-fenced' }
  | ({ readonly type: 'captured-all'; readonly captures: readonly (Json | null)[] } & Moment)
  | { readonly type: 'captured'; readonly step: number; readonly capture: Json }
  | { readonly type: 'begun'; readonly step: number }
  | ({ readonly type: 'succeeded'; readonly step: number } & Success)
  /** Not done, and nothing failed: the step waits for a moment, or for a child. */
  | ({
      readonly type: 'postponed';
      readonly step: number;
      readonly value: Json | null;
      readonly untilMs: number;
    } & Moment)
  /** Something that the saga may be waiting for has happened. */
  | { readonly type: 'woken' }
  | ({ readonly type: 'failed'; readonly step: number; readonly failure: StepFailure } & Again)
  | ({ readonly type: 'observed'; readonly step: number; readonly observed: Observation } & Again)
  | ({ readonly type: 'aborted'; readonly step: number; readonly observed: Observation } & Again)
  | ({
      readonly type: 'compensated';
      readonly step: number;
      readonly warnings?: readonly Warning[];
    } & Moment)
  | ({
      readonly type: 'compensation-failed';
      readonly step: number;
      readonly failure: StepFailure;
    } & Again)
  | ({ readonly type: 'cancel-requested' } & Moment)
  /** Another saga takes the key of a preemptible one. */
  | ({ readonly type: 'preempted' } & Moment)
  /** An operator makes a saga that is under way stand still. */
  | ({ readonly type: 'hold-ordered' } & Moment)
  /** An operator sends a stuck saga on its way again, in the direction it was going. */
  | ({ readonly type: 'retry-ordered'; readonly choice?: string } & Moment)
  /** An operator takes a stuck saga back, before the pivot. */
  | ({ readonly type: 'compensate-ordered' } & Moment)
  /** An operator gives a best-effort step up. */
  | ({ readonly type: 'skip-ordered' } & Moment)
  /** An operator vouches for the end of a stuck saga. */
  | ({
      readonly type: 'resolve-ordered';
      readonly outcome: 'completed' | 'compensated';
    } & Moment);
