// One client that watches one job. I9: it is shown stored records, never an older one after a newer, and none
// twice.

import type { SagaRecord } from '../log/record.ts';
import { shownState } from '../log/version-watch.ts';
import type { Caller } from './access.ts';
import type { EventStream } from './event-stream.ts';

export interface JobStream<C extends Caller> {
  readonly caller: C;
  readonly events: EventStream;
  /** What the client has; null: nothing yet. */
  shown: { readonly revision: number; readonly state: string } | null;
  /** Monotonic, ms. */
  quietSinceMs: number;
  /** Monotonic, ms; null while it is open. */
  endedAtMs: number | null;
}

export interface Viewing<C extends Caller> {
  readonly view: (saga: SagaRecord, caller: C) => unknown;
  readonly nowMs: () => number;
}

/** For a client that does not read its last event. */
const GOODBYE_MS = 10_000;

/** What a returning client has already. An end is sent once more: a client that reconnects has missed it. */
export function resume<C extends Caller>(
  stream: JobStream<C>,
  saga: SagaRecord,
  lastEventId: string | undefined,
  { nowMs }: Viewing<C>,
): void {
  const { phase: state } = shownState(saga, nowMs());
  // What is shown of a saga that no worker can run changes without a revision.
  const isKnown = lastEventId === String(saga.revision) && state === saga.state.phase;
  if (isKnown && saga.open) stream.shown = { revision: saga.revision, state };
}

/** @param saga null: the log holds it no more. */
export function show<C extends Caller>(
  stream: JobStream<C>,
  saga: SagaRecord | null,
  { view, nowMs }: Viewing<C>,
): void {
  if (stream.endedAtMs !== null) return;
  if (saga === null) {
    end(stream);
    return;
  }
  const { revision } = saga;
  const { phase: state } = shownState(saga, nowMs());
  const { shown } = stream;
  if (shown !== null && (shown.revision > revision || isSame(shown, revision, state))) return;
  const data = JSON.stringify(view(saga, stream.caller));
  stream.shown = { revision, state };
  stream.events.send(String(revision), data);
  stream.quietSinceMs = performance.now();
  if (!saga.open) end(stream);
}

function isSame(shown: NonNullable<AnyStream['shown']>, revision: number, state: string): boolean {
  return shown.revision === revision && shown.state === state;
}

type AnyStream = JobStream<Caller>;

export function end(stream: AnyStream): void {
  if (stream.endedAtMs !== null) return;
  stream.endedAtMs = performance.now();
  stream.events.end();
}

/**
 * Called again and again: ends what has expired, sends heartbeats where it is quiet, cuts a client that does not read
 * the end.
 */
export function tend(stream: AnyStream, nowMs: number, beatEveryMs: number): void {
  const { expiresAt } = stream.caller;
  const monotonicMs = performance.now();
  if (stream.endedAtMs !== null) {
    if (monotonicMs - stream.endedAtMs >= GOODBYE_MS) stream.events.cut();
  } else if (expiresAt !== undefined && nowMs >= expiresAt.getTime()) {
    end(stream);
  } else if (monotonicMs - stream.quietSinceMs >= beatEveryMs) {
    stream.events.comment('still here');
    stream.quietSinceMs = monotonicMs;
  }
}
