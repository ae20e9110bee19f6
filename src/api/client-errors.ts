// Bytes that are not an HTTP request never reach a route, but their sender gets a problem document too.

import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { PROBLEM_MEDIA_TYPE, ProblemError, problemDocument } from './problem.ts';

export function answerUnreadableRequest(
  error: Error & { readonly code?: string },
  socket: Socket & { readonly _httpMessage?: ServerResponse },
): void {
  if (error.code === 'ECONNRESET' || !socket.writable || socket._httpMessage?.headersSent) {
    socket.destroy();
    return;
  }
  const problem =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? new ProblemError('headers-too-large', 'The headers are larger than this server reads.')
      : new ProblemError('invalid-request', 'This is not an HTTP request.');
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
}
