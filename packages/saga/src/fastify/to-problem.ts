// Any error as a problem. None reveals what happened inside: the request id in it names the log line that does.

import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { BadCursorError, InDoubtError, RetryableError } from '../errors.ts';
import { PROBLEM_MEDIA_TYPE, Problem, problem, problemDocument } from './problem.ts';

/** As `app.errorHandler` is one. */
export type ErrorHandler = (
  this: FastifyInstance,
  error: Error,
  request: FastifyRequest,
  reply: FastifyReply,
) => unknown;

/** For apps that have no error shape of their own. */
export const sendAsProblem: ErrorHandler = (error, request, reply) => {
  const found = toProblem(error);
  if (found.statusCode >= 500) request.log.error({ err: error }, 'request failed');
  const { url, id } = request;
  reply
    .code(found.statusCode)
    .headers({ 'cache-control': 'no-store', ...found.headers })
    .type(PROBLEM_MEDIA_TYPE)
    .send(JSON.stringify(problemDocument(found, { url, id, namespace: 'saga' })));
};

/** Seconds after which a caller may try again when nothing better is known. */
const RETRY_AFTER_SECONDS = 5;

type MaybeFastifyError = Error & Partial<FastifyError>;

export function toProblem(thrown: unknown): Problem {
  const error: MaybeFastifyError = thrown instanceof Error ? thrown : new Error(String(thrown));
  if (error instanceof Problem) return error;
  if (error instanceof BadCursorError) {
    return problem('invalid-cursor', 'The cursor must be one that a page gave out.');
  }
  if (error instanceof RetryableError || error instanceof InDoubtError || isTimeout(error)) {
    return unavailable(error);
  }
  if (error.validation !== undefined) return invalidRequest(error);
  const status = error.statusCode ?? 500;
  if (status >= 400 && status < 500) {
    // Clients of other services carry a status too, and their texts name what they talked to.
    const isOfFastify = error.code?.startsWith('FST_') === true;
    const detail = isOfFastify ? error.message : 'The request could not be served';
    return problem(KIND_BY_STATUS[status] ?? 'invalid-request', sentence(detail));
  }
  return problem('internal-error', 'The request id names the cause in our log.');
}

const KIND_BY_STATUS: Readonly<Record<number, Parameters<typeof problem>[0]>> = {
  404: 'not-found',
  405: 'method-not-allowed',
  408: 'request-timeout',
  413: 'payload-too-large',
  414: 'uri-too-long',
  415: 'unsupported-media-type',
  429: 'too-many-requests',
  431: 'headers-too-large',
};

function unavailable(error: Error): Problem {
  const afterMs = error instanceof RetryableError ? error.retryAfterMs : undefined;
  const seconds = afterMs === undefined ? RETRY_AFTER_SECONDS : Math.ceil(afterMs / 1000);
  return problem(
    'unavailable',
    'This could not be done now. Sending the same request again is safe.',
    { headers: { 'retry-after': String(Math.max(1, seconds)) }, cause: error },
  );
}

function isTimeout(error: Error): boolean {
  return error.name === 'TimeoutError';
}

function invalidRequest(error: MaybeFastifyError): Problem {
  const part = error.validationContext ?? 'request';
  // A property too many is reported twice: by its name, and by the object that has it.
  const violations = (error.validation ?? []).filter((v) => v.keyword !== 'additionalProperties');
  const errors = violations.slice(0, MAX_REPORTED_ERRORS).map((violation) => ({
    field: `${part}${violation.instancePath}`,
    message: violation.keyword === 'boolean' ? 'is not known' : (violation.message ?? 'is wrong'),
  }));
  const first = errors[0];
  const detail = first === undefined ? part : `${first.field} ${first.message}`;
  return problem('invalid-request', sentence(detail), { members: { errors } });
}

const MAX_REPORTED_ERRORS = 10;

function sentence(text: string): string {
  return text.endsWith('.') ? text : `${text}.`;
}
