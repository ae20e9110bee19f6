// Every error leaves as application/problem+json, or as a page where a browser asks for one, whoever threw it, and none
// tells what went on inside: the request id in it names the log line that does.

import { BadCursorError, InDoubtError, RetryableError } from '@reclaim/saga';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { UnusableAccountError } from '../../domain/unusable-account.ts';
import {
  PROBLEM_MEDIA_TYPE,
  ProblemError,
  type ProblemKind,
  problemDocument,
  titleOf,
} from '../problem.ts';
import { problemPage, wantsPage } from '../problem-page.ts';

export const problems = fp(
  async (app) => {
    app.setErrorHandler(async (error: unknown, request, reply) => {
      const problem = toProblem(error);
      if (problem.statusCode >= 500) request.log.error({ err: error }, 'request failed');
      return sendProblem(request, reply, problem);
    });
  },
  { name: 'problems' },
);

export function sendProblem(
  request: FastifyRequest,
  reply: FastifyReply,
  problem: ProblemError,
): FastifyReply {
  const isPage = wantsPage(request);
  return reply
    .code(problem.statusCode)
    .headers({ 'cache-control': 'no-store', vary: 'accept', ...problem.headers })
    .type(isPage ? PAGE_MEDIA_TYPE : PROBLEM_MEDIA_TYPE)
    .send(
      isPage
        ? problemPage(problem, titleOf(problem), request.id)
        : problemDocument(problem, request.url, request.id),
    );
}

const PAGE_MEDIA_TYPE = 'text/html; charset=utf-8';

/** Seconds after which a caller may try again when nothing better is known. */
const RETRY_AFTER_SECONDS = 5;

type MaybeFastifyError = Error & Partial<FastifyError>;

export function toProblem(thrown: unknown): ProblemError {
  const error: MaybeFastifyError = thrown instanceof Error ? thrown : new Error(String(thrown));
  if (error instanceof ProblemError) return error;
  if (error instanceof BadCursorError) {
    return new ProblemError('invalid-cursor', 'The cursor must be one that a page gave out.');
  }
  if (error instanceof UnusableAccountError) {
    return new ProblemError(
      'unusable-account',
      'The record of this account has a form that cannot be worked with. Please ask the support.',
    );
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
    return new ProblemError(KIND_BY_STATUS[status] ?? 'invalid-request', sentence(detail));
  }
  return new ProblemError('internal-error', 'The request id names the cause in our log.');
}

const KIND_BY_STATUS: Readonly<Record<number, ProblemKind>> = {
  404: 'not-found',
  405: 'method-not-allowed',
  408: 'request-timeout',
  413: 'payload-too-large',
  414: 'uri-too-long',
  415: 'unsupported-media-type',
  429: 'too-many-requests',
  431: 'headers-too-large',
};

function unavailable(error: Error): ProblemError {
  const afterMs = error instanceof RetryableError ? error.retryAfterMs : undefined;
  const seconds = afterMs === undefined ? RETRY_AFTER_SECONDS : Math.ceil(afterMs / 1000);
  return new ProblemError(
    'unavailable',
    'This could not be done now. Sending the same request again is safe.',
    { headers: { 'retry-after': String(Math.max(1, seconds)) }, cause: error },
  );
}

function isTimeout(error: Error): boolean {
  return error.name === 'TimeoutError';
}

function invalidRequest(error: MaybeFastifyError): ProblemError {
  const part = error.validationContext ?? 'request';
  // A property too many is reported twice: by its name, and by the object that has it.
  const violations = (error.validation ?? []).filter((v) => v.keyword !== 'additionalProperties');
  const errors = violations.slice(0, MAX_REPORTED_ERRORS).map((violation) => ({
    field: `${part}${violation.instancePath}`,
    message: violation.keyword === 'boolean' ? 'is not known' : (violation.message ?? 'is wrong'),
  }));
  const first = errors[0];
  const detail = first === undefined ? part : `${first.field} ${first.message}`;
  return new ProblemError('invalid-request', sentence(detail), { members: { errors } });
}

const MAX_REPORTED_ERRORS = 10;

function sentence(text: string): string {
  return text.endsWith('.') ? text : `${text}.`;
}
