// Follows a saga from the request that ordered it to every attempt at its steps, in every process. A port: the
// engine knows no telemetry, and works the same without. What it hands over may leave the house, so it is ids, names,
// numbers and codes, never an input, a capture, a value or a message: users and money are in those. No call throws or
// waits.

import type { SagaRecord } from '../log/record.ts';

export interface Tracer {
  /** A saga is being accepted, as part of the operation that is active around the call. */
  acceptance(saga: Pick<SagaRecord, 'id' | 'kind'>): AcceptanceSpan;
  /** A worker has claimed the saga, and took this long to. */
  claimed(saga: TracedSaga, tookMs: number): void;
  attempt(attempt: Attempt): Span;
}

export interface Span {
  /** What begins inside belongs under this span, also after its end. */
  within<T>(work: () => T): T;
  end(outcome: SpanOutcome): void;
}

export interface AcceptanceSpan extends Span {
  /** W3C trace context, kept with the saga: what every later span of it stands under. */
  readonly traceparent: string;
}

export type TracedSaga = Pick<SagaRecord, 'id' | 'kind' | 'epoch' | 'traceparent'>;

export interface Attempt {
  readonly saga: TracedSaga;
  readonly doing: 'fence' | 'capture-all' | 'capture' | 'run' | 'observe' | 'abort' | 'compensate';
  /** Null where it is about the whole saga. */
  readonly step: string | null;
  /** Counts as the step's budget does; 0 before the first. */
  readonly attempt: number;
}

export interface SpanOutcome {
  /** A word of a small set, e.g. `succeeded`, `landed`, `fenced`. */
  readonly outcome: string;
  /** The stable code of what failed; null: nothing did. */
  readonly errorCode: string | null;
}
