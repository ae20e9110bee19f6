// Server-sent events on one response. Only the newest event matters: while a client does not read, a newer one
// replaces the one that waits, so that a slow client costs one event and the buffer of its socket.

import type { FastifyReply } from 'fastify';

export type EventStream = ReturnType<typeof openEventStream>;

/** Takes the reply over and begins the answer.
 * @param retryMs how long a client waits before it comes again. */
export function openEventStream(reply: FastifyReply, retryMs: number) {
  const response = reply.hijack().raw;
  let waiting: string | null = null;
  let isEnding = false;
  const flush = () => {
    if (response.destroyed || response.writableEnded) return;
    if (waiting !== null && !response.writableNeedDrain) {
      response.write(waiting);
      waiting = null;
    }
    if (isEnding && waiting === null) response.end();
  };
  response.on('drain', flush);
  for (const [name, value] of Object.entries(reply.headers(HEADERS).getHeaders())) {
    if (value !== undefined) response.setHeader(name, value);
  }
  response.write(`retry: ${retryMs}\n\n`);
  return {
    /** @param data one line, as JSON is. */
    send: (id: string, data: string): void => {
      waiting = `id: ${id}\ndata: ${data}\n\n`;
      flush();
    },
    /** For proxies and people; not sent to a client that has not read what was sent before. */
    comment: (text: string): void => {
      if (response.destroyed || response.writableEnded || response.writableNeedDrain) return;
      response.write(`: ${text}\n\n`);
    },
    /** After the event that waits, if one does. */
    end: (): void => {
      isEnding = true;
      flush();
    },
    /** At once, regardless of what the client has read. */
    cut: (): void => {
      response.destroy();
    },
  };
}

// A connection that carried a stream ends with it: a server that closes does not wait for its idleness.
const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
  connection: 'close',
};
