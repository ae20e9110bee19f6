// What a failed Docker call means. Only a connection that was never made proves that nothing happened;
// only an answer of the daemon itself says what it refused. Everything else is in doubt (I4).

import { InDoubtError, type SagaErrorOptions } from '@reclaim/saga';

/** The daemon answered with a status that the caller did not expect. Callers match the few they know by
 * status and text; unmatched, it stays what it is here: in doubt. */
export class DockerAnswerError extends InDoubtError {
  readonly statusCode: number;

  constructor(statusCode: number, message: string, options: SagaErrorOptions) {
    super('DOCKER_ANSWER', message, options);
    this.statusCode = statusCode;
  }
}

export type DockerFailure =
  | { readonly kind: 'answered'; readonly statusCode: number; readonly message: string }
  /** The connection was never made: nothing was sent. */
  | { readonly kind: 'unreachable'; readonly message: string }
  /** The connection broke: the request may have been carried out. */
  | { readonly kind: 'lost'; readonly message: string };

export function classifyFailure(error: unknown): DockerFailure {
  const { statusCode, syscall, message } = readError(error);
  if (typeof statusCode === 'number') return { kind: 'answered', statusCode, message };
  if (syscall === 'connect' || syscall === 'getaddrinfo') return { kind: 'unreachable', message };
  return { kind: 'lost', message };
}

/** Whether the daemon itself said that the container does not exist. A 404 with any other text (a proxy,
 * another server on the port) is no evidence of absence. */
export function isNoSuchContainer(error: unknown): boolean {
  return isAnswer(error, 404, /no such container/i);
}

export function isAnswer(error: unknown, statusCode: number, text: RegExp): boolean {
  return (
    error instanceof DockerAnswerError &&
    error.statusCode === statusCode &&
    text.test(error.message)
  );
}

function readError(error: unknown): { statusCode?: unknown; syscall?: unknown; message: string } {
  if (!(error instanceof Error)) return { message: String(error) };
  const { statusCode, syscall, json } = error as unknown as Readonly<Record<string, unknown>>;
  const message = daemonText(json) ?? error.message.replace(DOCKERODE_PREFIX, '');
  return { statusCode, syscall, message: message.trim().slice(0, MAX_MESSAGE) };
}

/** dockerode writes its own idea of what a status means into the message, "no such container" for any
 * 404 included: only what the daemon said may be matched. */
const DOCKERODE_PREFIX = /^\(HTTP code \d+\) [^-]* - /;

function daemonText(json: unknown): string | undefined {
  if (typeof json !== 'object' || json === null) return undefined;
  if (Buffer.isBuffer(json)) return json.toString();
  return 'message' in json && typeof json.message === 'string' ? json.message : undefined;
}

/** Characters of a daemon's message that are kept: it ends up in the saga log. */
const MAX_MESSAGE = 500;
