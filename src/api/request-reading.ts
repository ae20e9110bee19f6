// What is read of a request before a route sees it, and what is refused of it: how long an address may be, what counts as a
// body, and bytes that are no HTTP request at all.

import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { parse } from 'node:querystring';
import { PROBLEM_MEDIA_TYPE } from '@reclaim/saga/fastify';
import { errorCodes, type FastifyInstance } from 'fastify';
import { ProblemError, problemDocument } from './problem.ts';

// No route knows ten parameters; thousands of them cost a flood nothing and the parser, the schemas and the log a lot.
const MAX_PARAMETERS = 32;
const MAX_URL_LENGTH = 4_096;

/** What is too much is left unread: `requireShortAddress` refuses the request. */
export function parseQuery(text: string): Record<string, unknown> {
  const values: Record<string, unknown> = Object.create(null);
  return Object.assign(values, parse(text, '&', '=', { maxKeys: MAX_PARAMETERS }));
}

/** @throws ProblemError `uri-too-long`, `invalid-request` */
export function requireShortAddress(url: string): void {
  if (url.length > MAX_URL_LENGTH) {
    throw new ProblemError('uri-too-long', `An address has at most ${MAX_URL_LENGTH} characters.`);
  }
  let parameters = 1;
  for (let at = url.indexOf('&'); at >= 0; at = url.indexOf('&', at + 1)) parameters += 1;
  if (parameters > MAX_PARAMETERS) {
    throw new ProblemError(
      'invalid-request',
      `An address has at most ${MAX_PARAMETERS} parameters.`,
    );
  }
}

/** Bodies are JSON or nothing. A client that names a type and sends an empty body, as `curl -d ''` and many others do, has
 * sent no body, of any type; routes that need one refuse that by their schema. */
export function tolerateEmptyBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<string>(
    'application/json',
    { parseAs: 'string' },
    (request, body, done) => {
      if (body === '') done(null, undefined);
      else parse(request, body, done);
    },
  );
  app.addContentTypeParser<string>('*', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined);
    else done(new errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE(request.headers['content-type']));
  });
}

/** Bytes that are not an HTTP request, or that take too long to become one, never reach a route, but their sender gets a
 * problem document too. */
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
