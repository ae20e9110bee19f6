// Bytes that are not an HTTP request, or that take too long to become one, never reach a route, but their sender gets a
// problem document too.

import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { PROBLEM_MEDIA_TYPE } from '@reclaim/saga/fastify';
import { ProblemError, problemDocument } from './problem.ts';

export function answerUnreadableRequest(
  error: Error & { readonly code?: string },
  socket: Socket & { readonly _httpMessage?: ServerResponse },
): void {
  if (error.code === 'ECONNRESET' || !socket.writable || socket._httpMessage?.headersSent) {
    socket.destroy();
    return;
  }
  const problem = problemOf(error.code);
  const body = problemDocument(problem, '', '');
  socket.end(
    [
      `HTTP/1.1 ${problem.statusCode} ${STATUS_CODES[problem.statusCode]}`,
      `Content-Type: ${PROBLEM_MEDIA_TYPE}`,
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
  // Our half is closed; a client that keeps sending keeps the other one open for as long as it likes.
  const cut = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(cut));
}

/** To read the answer. */
const LINGER_MS = 1_000;

function problemOf(code: string | undefined): ProblemError {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new ProblemError(
        'headers-too-large',
        'The headers are larger than this server reads.',
      );
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new ProblemError('request-timeout', 'The whole request has to be here by now.');
    default:
      return new ProblemError('invalid-request', 'This is not an HTTP request.');
  }
}
