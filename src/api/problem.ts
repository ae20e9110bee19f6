// Every error of the API, as RFC 9457 names it: one catalogue, so that a `type` is stable and no error
// has a shape of its own. The types are URNs: they name, they do not resolve.

import {
  PROBLEMS as OF_SAGAS,
  Problem,
  type ProblemOptions,
  problemDocument as standardDocument,
} from '@reclaim/saga/fastify';

const PROBLEMS = {
  ...OF_SAGAS,
  unauthenticated: { status: 401, title: 'A valid bearer token is needed' },
  'session-needed': { status: 401, title: 'An administrator session is needed' },
  'no-account': { status: 403, title: 'There is no account for this token' },
  'unusable-account': { status: 409, title: 'The account cannot be used here' },
  'admin-only': { status: 403, title: 'Only administrators may do this' },
  'cross-site': { status: 403, title: 'The request comes from another site' },
  'bot-not-found': { status: 404, title: 'There is no such bot' },
  'finding-not-found': { status: 404, title: 'There is no such finding' },
  'host-not-found': { status: 404, title: 'There is no such host' },
  'bot-busy': { status: 409, title: 'Another job is working on this bot' },
  'insufficient-funds': { status: 409, title: 'The wallet does not hold the amount' },
  'provisioning-off': { status: 409, title: 'No new bots are started here' },
  'no-pool': { status: 409, title: 'There is no free slot for the bot' },
  'unfinished-deletion': { status: 409, title: 'An earlier bot is not gone yet' },
  'finding-resolved': { status: 409, title: 'The finding is resolved already' },
  'allocation-gone': { status: 409, title: 'The allocation is not there any more' },
  'accepted-before': { status: 409, title: 'The allocation was accepted as a new one' },
  'not-undone': { status: 409, title: 'Nothing is proven to be missing' },
  'not-settled': { status: 409, title: 'The allocation may still be owed' },
  'host-listed': { status: 409, title: 'The host is configured' },
  'host-not-listed': { status: 409, title: 'The host is not configured any more' },
  'host-not-empty': { status: 409, title: 'The host is not empty' },
  'action-not-allowed': { status: 422, title: 'The finding cannot be resolved like this' },
  'idempotency-key-expired': { status: 422, title: 'What the key began is forgotten' },
  'idempotency-key-reused': { status: 422, title: 'The key was used for another request' },
  'unusable-user-id': { status: 422, title: 'No bot can be named after this user' },
  'sources-unknown': { status: 503, title: 'It is unknown whether the bot exists' },
  'host-unknown': { status: 503, title: 'It is unknown what the host holds' },
  'identity-unavailable': { status: 503, title: 'The token cannot be verified now' },
  'not-ready': { status: 503, title: 'The service is not ready' },
} as const satisfies Record<string, { readonly status: number; readonly title: string }>;

export type ProblemKind = keyof typeof PROBLEMS;

/** Thrown by routes and hooks; the error handler sends it as it is. `detail` is read by the caller. */
export class ProblemError extends Problem {
  constructor(kind: ProblemKind, detail: string, options?: ProblemOptions) {
    super({ kind, ...PROBLEMS[kind] }, detail, options);
  }
}

export const CHALLENGE = 'Bearer realm="reclaim"';

export function unauthenticated(
  detail = 'Send a token as "Authorization: Bearer …".',
): ProblemError {
  return new ProblemError('unauthenticated', detail, {
    headers: { 'www-authenticate': CHALLENGE },
  });
}

/** Clients of the platform know neither `type` nor `detail`: they read `success` and `message`. */
export function problemDocument(problem: Problem, url: string, requestId: string): string {
  return JSON.stringify({
    ...standardDocument(problem, { url, id: requestId, namespace: 'reclaim' }),
    success: false,
    message: problem.message,
  });
}
