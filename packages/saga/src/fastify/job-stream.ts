// One client that watches one job, by server-sent events on one response. I9: it is shown stored records, never an older
// one after a newer, and none twice. Only the newest event matters: while a client does not read, a newer one replaces the
// one that waits, so that a slow client costs one event and the buffer of its socket.

import type { FastifyReply } from 'fastify';
import type { SagaRecord } from '../log/record.ts';
import { shownState } from '../log/version-watch.ts';
import type { Caller } from './access.ts';

export interface Viewing<C extends Caller> {
  readonly view: (saga: SagaRecord, caller: C) => unknown;
  readonly nowMs: () => number;
}

/** For a client that does not read its last event. */
const GOODBYE_MS = 10_000;

export type JobStream = ReturnType<typeof openJobStream>;

/** Takes the reply over and begins the answer.
 * @param retryMs how long a client waits before it comes again. */
export function openJobStream<C extends Caller>(
  reply: FastifyReply,
  retryMs: number,
  caller: C,
  { view, nowMs }: Viewing<C>,
) {
  const response = reply.hijack().raw;
  let waiting: string | null = null;
  /** What the client has; null: nothing yet. */
  let shown: { readonly revision: number; readonly state: string } | null = null;
  /** Monotonic, ms; null while it is open. */
  let endedAtMs: number | null = null;
  let quietSinceMs = performance.now();

  const isGone = () => response.destroyed || response.writableEnded;
  const flush = () => {
    if (isGone()) return;
    if (waiting !== null && !response.writableNeedDrain) {
      response.write(waiting);
      waiting = null;
    }
    if (endedAtMs !== null && waiting === null) response.end();
  };
  response.on('drain', flush);
  for (const [name, value] of Object.entries(reply.headers(HEADERS).getHeaders())) {
    if (value !== undefined) response.setHeader(name, value);
  }
  response.write(`retry: ${retryMs}\n\n`);

  /** After the event that waits, if one does. */
  function end(): void {
    if (endedAtMs !== null) return;
    endedAtMs = performance.now();
    flush();
  }

  /** For proxies and people; not sent to a client that has not read what was sent before. */
  function comment(text: string): void {
    if (!isGone() && !response.writableNeedDrain) response.write(`: ${text}\n\n`);
  }

  /** @param saga null: the log holds it no more. */
  function show(saga: SagaRecord | null): void {
    if (endedAtMs !== null) return;
    if (saga === null) {
      end();
      return;
    }
    const { revision } = saga;
    const { phase: state } = shownState(saga, nowMs());
    const isSame = shown?.revision === revision && shown.state === state;
    if (isSame || (shown !== null && shown.revision > revision)) return;
    const data = JSON.stringify(view(saga, caller));
    shown = { revision, state };
    waiting = `id: ${revision}\ndata: ${data}\n\n`;
    flush();
    quietSinceMs = performance.now();
    if (!saga.open) end();
  }

  return {
    show,
    end,
    comment,
    /** What a returning client has already. An end is sent once more: a client that reconnects has missed it. */
    resume: (saga: SagaRecord, lastEventId: string | undefined): void => {
      const { phase: state } = shownState(saga, nowMs());
      // What is shown of a saga that no worker can run changes without a revision.
      const isKnown = lastEventId === String(saga.revision) && state === saga.state.phase;
      if (isKnown && saga.open) shown = { revision: saga.revision, state };
    },
    /** Called again and again: ends what has expired, sends heartbeats where it is quiet, cuts a client that does not read
     * the end. */
    tend: (beatEveryMs: number): void => {
      const { expiresAt } = caller;
      const monotonicMs = performance.now();
      if (endedAtMs !== null) {
        if (monotonicMs - endedAtMs >= GOODBYE_MS) response.destroy();
      } else if (expiresAt !== undefined && nowMs() >= expiresAt.getTime()) {
        end();
      } else if (monotonicMs - quietSinceMs >= beatEveryMs) {
        comment('still here');
        quietSinceMs = monotonicMs;
      }
    },
    /** At once, regardless of what the client has read. */
    cut: (): void => void response.destroy(),
  };
}

// A connection that carried a stream ends with it: a server that closes does not wait for its idleness.
const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
  connection: 'close',
};
