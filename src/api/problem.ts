// Every error of the API, as RFC 9457 names it: one catalogue, so that a `type` is stable and no error
// has a shape of its own. The types are URNs: they name, they do not resolve.

const PROBLEMS = {
  'invalid-request': { status: 400, title: 'The request is not valid' },
  'invalid-prefer': { status: 400, title: 'The Prefer header is not valid' },
  'invalid-cursor': { status: 400, title: 'The cursor is not valid' },
  unauthenticated: { status: 401, title: 'A valid bearer token is needed' },
  'session-needed': { status: 401, title: 'An administrator session is needed' },
  'no-account': { status: 403, title: 'There is no account for this token' },
  'unusable-account': { status: 409, title: 'The account cannot be used here' },
  'admin-only': { status: 403, title: 'Only administrators may do this' },
  'cross-site': { status: 403, title: 'The request comes from another site' },
  'not-found': { status: 404, title: 'There is nothing here' },
  'bot-not-found': { status: 404, title: 'There is no such bot' },
  'job-not-found': { status: 404, title: 'There is no such job' },
  'finding-not-found': { status: 404, title: 'There is no such finding' },
  'host-not-found': { status: 404, title: 'There is no such host' },
  'method-not-allowed': { status: 405, title: 'The method is not allowed here' },
  'request-timeout': { status: 408, title: 'The request took too long to arrive' },
  'bot-busy': { status: 409, title: 'Another job is working on this bot' },
  'insufficient-funds': { status: 409, title: 'The wallet does not hold the amount' },
  'provisioning-off': { status: 409, title: 'No new bots are started here' },
  'no-pool': { status: 409, title: 'There is no place for the bot' },
  'unfinished-deletion': { status: 409, title: 'An earlier bot is not gone yet' },
  'too-late-to-cancel': { status: 409, title: 'It is too late to cancel' },
  'verb-refused': { status: 409, title: 'The verb is not allowed in this state' },
  'changed-meanwhile': { status: 409, title: 'Somebody else was faster' },
  'not-retriable': { status: 409, title: 'The job cannot be retried' },
  'finding-resolved': { status: 409, title: 'The finding is resolved already' },
  'allocation-gone': { status: 409, title: 'The allocation is not there any more' },
  'accepted-before': { status: 409, title: 'The allocation was accepted as a new one' },
  'not-undone': { status: 409, title: 'Nothing is proven to be missing' },
  'not-settled': { status: 409, title: 'The allocation may still be owed' },
  'host-not-empty': { status: 409, title: 'The host is not empty' },
  'payload-too-large': { status: 413, title: 'The request body is too large' },
  'uri-too-long': { status: 414, title: 'The address is too long' },
  'unsupported-media-type': { status: 415, title: 'The media type is not supported' },
  'action-not-allowed': { status: 422, title: 'The finding cannot be resolved like this' },
  'idempotency-key-expired': { status: 422, title: 'What the key began is forgotten' },
  'idempotency-key-reused': { status: 422, title: 'The key was used for another request' },
  'unusable-user-id': { status: 422, title: 'No bot can be named after this user' },
  'too-many-streams': { status: 429, title: 'Too many event streams are open for this user' },
  'too-many-requests': { status: 429, title: 'Too many requests' },
  'headers-too-large': { status: 431, title: 'The request headers are too large' },
  'internal-error': { status: 500, title: 'Something went wrong on our side' },
  unavailable: { status: 503, title: 'A dependency is not available' },
  'sources-unknown': { status: 503, title: 'It cannot be told whether the bot exists' },
  'host-unknown': { status: 503, title: 'It cannot be told what the host holds' },
  'identity-unavailable': { status: 503, title: 'The token cannot be verified now' },
  'streams-exhausted': { status: 503, title: 'No event stream is left on this server' },
  overloaded: { status: 503, title: 'The server is overloaded' },
  'not-ready': { status: 503, title: 'The service is not ready' },
} as const satisfies Record<string, { readonly status: number; readonly title: string }>;

export type ProblemKind = keyof typeof PROBLEMS;

export interface ProblemOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Extension members, e.g. the id of the job that is in the way. */
  readonly members?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** Thrown by routes and hooks; the error handler sends it as it is. `detail` is read by the caller. */
export class ProblemError extends Error {
  readonly kind: ProblemKind;
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly members: Readonly<Record<string, unknown>>;

  constructor(kind: ProblemKind, detail: string, options: ProblemOptions = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ProblemError';
    this.kind = kind;
    this.statusCode = PROBLEMS[kind].status;
    this.headers = options.headers ?? {};
    this.members = options.members ?? {};
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

export const PROBLEM_MEDIA_TYPE = 'application/problem+json; charset=utf-8';

export function titleOf({ kind }: ProblemError): string {
  return PROBLEMS[kind].title;
}

/** The document. `instance` is the path that was asked, without its query, which may hold anything. Clients of the
 * platform know neither `type` nor `detail`: they read `success` and `message`. */
export function problemDocument(problem: ProblemError, url: string, requestId: string): string {
  const { status, title } = PROBLEMS[problem.kind];
  return JSON.stringify({
    ...problem.members,
    success: false,
    message: problem.message,
    type: `urn:reclaim:problem:${problem.kind}`,
    title,
    status,
    detail: problem.message,
    instance: url.split('?', 1)[0],
    requestId,
  });
}
