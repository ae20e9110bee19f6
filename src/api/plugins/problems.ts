// Every error leaves as application/problem+json, or as a page where a browser requests one, from every thrower, and
// none reveals what happened inside: the request id in it names the log line that does.

import {
  PROBLEM_MEDIA_TYPE,
  type Problem,
  toProblem as standardProblem,
} from '@reclaim/saga/fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { UnusableAccountError } from '../../domain/unusable-account.ts';
import { ProblemError, problemDocument } from '../problem.ts';
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
  problem: Problem,
): FastifyReply {
  const isPage = wantsPage(request);
  return reply
    .code(problem.statusCode)
    .headers({ 'cache-control': 'no-store', vary: 'accept', ...problem.headers })
    .type(isPage ? PAGE_MEDIA_TYPE : PROBLEM_MEDIA_TYPE)
    .send(
      isPage ? problemPage(problem, request.id) : problemDocument(problem, request.url, request.id),
    );
}

const PAGE_MEDIA_TYPE = 'text/html; charset=utf-8';

export function toProblem(thrown: unknown): Problem {
  if (!(thrown instanceof UnusableAccountError)) return standardProblem(thrown);
  return new ProblemError(
    'unusable-account',
    'The record of this account has an unusable form. Please contact support.',
  );
}
