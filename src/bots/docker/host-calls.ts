// Every call to one Docker host goes through here: circuit, fence, deadline, and the error that says
// what to do next. I5: a change asks the fence right before it is sent. I4: a call that was not answered
// is never an empty answer: unreachable is UnavailableError, in doubt is InDoubtError.

import { InDoubtError, UnavailableError, withDeadline } from '@reclaim/saga';
import type Docker from 'dockerode';
import { assertNever } from '../../domain/assert-never.ts';
import type { BotsCall, FencedCall } from '../bots.ts';
import type { Circuit } from './circuit.ts';
import { classifyFailure, DockerAnswerError } from './docker-errors.ts';

export interface HostCalls {
  readonly name: string;
  /** A call that changes nothing. @throws UnavailableError when it got no answer, DockerAnswerError for
   * a status that is not success. */
  readonly read: <T>(request: HostRequest<T>, call: BotsCall) => Promise<T>;
  /** A call that changes something, fenced. @throws UnavailableError when it was never sent,
   * InDoubtError when it may have been carried out, DockerAnswerError. */
  readonly change: <T>(request: HostRequest<T>, call: FencedCall) => Promise<T>;
}

interface HostRequest<T> {
  /** For messages: `inspect`, `stop`. */
  readonly what: string;
  readonly deadlineMs: number;
  /** A deadline that is over counts against the host: for plain reads, that a daemon answers at once. A
   * bot that does not stop is no reason to stop asking its host. */
  readonly isPrompt?: boolean;
  readonly send: (api: Docker, abortSignal: AbortSignal) => Promise<T>;
}

export interface HostCallsOptions {
  readonly name: string;
  readonly api: Docker;
  readonly circuit: Pick<Circuit, 'succeeded' | 'failed'>;
  /** Whether a call may go out; it may have to wait for a probe that is under way, or make one. */
  readonly admit: (call: BotsCall) => Promise<boolean>;
  readonly onAnswer: () => void;
}

export function createHostCalls(options: HostCallsOptions): HostCalls {
  const { name, api, circuit, admit, onAnswer } = options;

  async function send<T>(request: HostRequest<T>, signal: AbortSignal) {
    const outcome = await outcomeOf((abortSignal) => request.send(api, abortSignal), {
      ms: request.deadlineMs,
      signal,
    });
    if (isAnswered(outcome)) {
      onAnswer();
      circuit.succeeded();
    } else if (countsAgainstHost(outcome, request)) circuit.failed();
    return outcome;
  }

  async function refuseIfOpen(call: BotsCall) {
    if (await admit(call)) return;
    const message = `docker host "${name}" does not answer (circuit open)`;
    throw new UnavailableError('DOCKER_UNREACHABLE', message, { context: { host: name } });
  }

  return {
    name,
    read: async (request, call) => {
      await refuseIfOpen(call);
      return unwrap(await send(request, call.signal), name, request, 'read');
    },
    change: async (request, call) => {
      await refuseIfOpen(call);
      await call.fence();
      return unwrap(await send(request, call.signal), name, request, 'change');
    },
  };
}

type Outcome<T> =
  | { readonly status: 'done'; readonly value: T }
  | { readonly status: 'failed'; readonly error: unknown }
  | { readonly status: 'timeout' | 'aborted' };

class CutError extends Error {
  readonly why: 'timeout' | 'aborted';
  constructor(why: 'timeout' | 'aborted') {
    super(why);
    this.why = why;
  }
}

// A daemon that dies in mid-answer leaves dockerode's promise pending for ever, whatever timeout or abort signal it was
// given: waiting ends with the deadline, and the abort only gives the socket back.
async function outcomeOf<T>(
  send: (signal: AbortSignal) => Promise<T>,
  limit: { readonly ms: number; readonly signal: AbortSignal },
): Promise<Outcome<T>> {
  try {
    const value = await withDeadline(send, { ...limit, late: (why) => new CutError(why) });
    return { status: 'done', value };
  } catch (error) {
    return error instanceof CutError ? { status: error.why } : { status: 'failed', error };
  }
}

function isAnswered(outcome: Outcome<unknown>): boolean {
  if (outcome.status === 'done') return true;
  return outcome.status === 'failed' && classifyFailure(outcome.error).kind === 'answered';
}

function countsAgainstHost(
  outcome: Outcome<unknown>,
  { isPrompt = false }: HostRequest<unknown>,
): boolean {
  if (outcome.status === 'timeout') return isPrompt;
  return outcome.status === 'failed' && !(outcome.error instanceof InDoubtError);
}

function unwrap<T>(
  outcome: Outcome<T>,
  host: string,
  { what, deadlineMs }: HostRequest<T>,
  kind: 'read' | 'change',
): T {
  const context = { host, call: what };
  const subject = `docker host "${host}"`;
  switch (outcome.status) {
    case 'done':
      return outcome.value;
    case 'timeout':
    case 'aborted': {
      const how =
        outcome.status === 'timeout' ? `within ${deadlineMs} ms` : 'before it was aborted';
      const message = `${subject} did not answer ${what} ${how}`;
      const code = outcome.status === 'timeout' ? 'DOCKER_TIMEOUT' : 'DOCKER_ABORTED';
      throw kind === 'read'
        ? new UnavailableError(code, message, { context })
        : new InDoubtError(code, message, { context });
    }
    case 'failed': {
      const { error: cause } = outcome;
      // Thrown by our own reading of the answer, which already says what it means.
      if (cause instanceof InDoubtError) throw cause;
      const failure = classifyFailure(cause);
      const message = `${subject}, ${what}: ${failure.message}`;
      if (failure.kind === 'answered') {
        throw new DockerAnswerError(failure.statusCode, message, { context, cause });
      }
      if (failure.kind === 'unreachable' || kind === 'read') {
        throw new UnavailableError('DOCKER_UNREACHABLE', message, { context, cause });
      }
      throw new InDoubtError('DOCKER_LOST', message, { context, cause });
    }
    default:
      return assertNever(outcome);
  }
}
