// One client that watches one job. I9: it is shown stored records, never an older one after a newer, and none
// twice.

import type { SagaRecord } from '@reclaim/saga';
import type { ApiDependencies } from './dependencies.ts';
import type { EventStream } from './event-stream.ts';
import { jobView } from './job-view.ts';
import type { Audience } from './told.ts';

export interface JobStream {
  readonly uid: string;
  readonly audience: Audience;
  /** Null: it was opened with a token, which nobody signs out. */
  readonly sessionId: string | null;
  /** When the identity ends that the stream was opened under. */
  readonly expiresAtMs: number;
  readonly events: EventStream;
  /** What the client has; null: nothing yet. */
  shown: { readonly revision: number; readonly state: string } | null;
  /** Monotonic, ms. */
  quietSinceMs: number;
  /** Monotonic, ms; null while it goes on. */
  endedAtMs: number | null;
}

export type Viewing = Pick<ApiDependencies, 'stepKinds' | 'now'>;

/** For a client that does not read its last event. */
const GOODBYE_MS = 10_000;

/** What a client knows that comes again. An end is told once more: a client that asks has missed it. */
export function resume(
  stream: JobStream,
  saga: SagaRecord,
  lastEventId: string | undefined,
  viewing: Viewing,
): void {
  const { state } = jobView(saga, viewing, stream.audience);
  // What is shown of a saga that nobody can run changes without a revision.
  const isKnown = lastEventId === String(saga.revision) && state === saga.state.phase;
  if (isKnown && saga.open) stream.shown = { revision: saga.revision, state };
}

/** @param saga null: the log holds it no more. */
export function show(stream: JobStream, saga: SagaRecord | null, viewing: Viewing): void {
  if (stream.endedAtMs !== null) return;
  if (saga === null) {
    end(stream);
    return;
  }
  const { revision } = saga;
  const job = jobView(saga, viewing, stream.audience);
  const { shown } = stream;
  if (shown !== null && (shown.revision > revision || isSame(shown, revision, job.state))) return;
  stream.shown = { revision, state: job.state };
  stream.events.send(String(revision), JSON.stringify(job));
  stream.quietSinceMs = performance.now();
  if (!saga.open) end(stream);
}

function isSame(shown: NonNullable<JobStream['shown']>, revision: number, state: string): boolean {
  return shown.revision === revision && shown.state === state;
}

export function end(stream: JobStream): void {
  if (stream.endedAtMs !== null) return;
  stream.endedAtMs = performance.now();
  stream.events.end();
}

/** Called again and again: ends what has expired, beats where it is quiet, cuts who does not read the end. */
export function tend(stream: JobStream, nowMs: number, beatEveryMs: number): void {
  const monotonicMs = performance.now();
  if (stream.endedAtMs !== null) {
    if (monotonicMs - stream.endedAtMs >= GOODBYE_MS) stream.events.cut();
  } else if (nowMs >= stream.expiresAtMs) {
    end(stream);
  } else if (monotonicMs - stream.quietSinceMs >= beatEveryMs) {
    stream.events.comment('still here');
    stream.quietSinceMs = monotonicMs;
  }
}
