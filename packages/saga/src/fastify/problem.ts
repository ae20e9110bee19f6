// Errors as RFC 9457 names them: one catalogue, so that a `type` is stable. A product adds kinds of its own by a subclass,
// and shapes the document by an error handler of its own.

export const PROBLEMS = {
  'invalid-request': { status: 400, title: 'The request is not valid' },
  'invalid-prefer': { status: 400, title: 'The Prefer header is not valid' },
  'invalid-cursor': { status: 400, title: 'The cursor is not valid' },
  'operators-only': { status: 403, title: 'Only operators may do this' },
  'not-found': { status: 404, title: 'There is nothing here' },
  'job-not-found': { status: 404, title: 'There is no such job' },
  'method-not-allowed': { status: 405, title: 'The method is not allowed here' },
  'request-timeout': { status: 408, title: 'The request took too long to arrive' },
  'too-late-to-cancel': { status: 409, title: 'It is too late to cancel' },
  'verb-refused': { status: 409, title: 'The verb is not allowed in this state' },
  'changed-meanwhile': { status: 409, title: 'Another order came first' },
  'not-retriable': { status: 409, title: 'The job cannot be retried' },
  'payload-too-large': { status: 413, title: 'The request body is too large' },
  'uri-too-long': { status: 414, title: 'The address is too long' },
  'unsupported-media-type': { status: 415, title: 'The media type is not supported' },
  'too-many-streams': { status: 429, title: 'Too many event streams are open for this user' },
  'too-many-requests': { status: 429, title: 'Too many requests' },
  'headers-too-large': { status: 431, title: 'The request headers are too large' },
  'internal-error': { status: 500, title: 'Something went wrong on our side' },
  unavailable: { status: 503, title: 'A dependency is not available' },
  'streams-exhausted': { status: 503, title: 'No event stream is left on this server' },
} as const satisfies Record<string, ProblemClass>;

type EngineProblem = keyof typeof PROBLEMS;

export interface ProblemClass {
  readonly status: number;
  readonly title: string;
}

export interface ProblemOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Extension members, e.g. the id of the job that is in the way. */
  readonly members?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** Thrown by routes and hooks; the error handler sends it as it is. The caller reads `message`. */
export class Problem extends Error {
  readonly kind: string;
  readonly statusCode: number;
  readonly title: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly members: Readonly<Record<string, unknown>>;

  constructor(
    { kind, status, title }: ProblemClass & { readonly kind: string },
    detail: string,
    options: ProblemOptions = {},
  ) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Problem';
    this.kind = kind;
    this.statusCode = status;
    this.title = title;
    this.headers = options.headers ?? {};
    this.members = options.members ?? {};
  }
}

export function problem(kind: EngineProblem, detail: string, options?: ProblemOptions): Problem {
  return new Problem({ kind, ...PROBLEMS[kind] }, detail, options);
}

export const PROBLEM_MEDIA_TYPE = 'application/problem+json; charset=utf-8';

/** @param url as it was requested: `instance` is its path without the query, which may hold anything. */
export function problemDocument(
  { kind, statusCode, title, message, members }: Problem,
  { url, id, namespace }: { readonly url: string; readonly id: string; readonly namespace: string },
): Readonly<Record<string, unknown>> {
  return {
    ...members,
    type: `urn:${namespace}:problem:${kind}`,
    title,
    status: statusCode,
    detail: message,
    instance: url.split('?', 1)[0],
    requestId: id,
  };
}
