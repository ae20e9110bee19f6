// Every call to one Docker host goes through here: circuit, fence, deadline, and the error that says
// what to do next. I5: a change asks the fence right before it is sent. I4: a call that was not answered
// is never an empty answer: unreachable is UnavailableError, in doubt is InDoubtError.

import { InDoubtError, UnavailableError, withDeadline } from '@reclaim/saga';
import type Docker from 'dockerode';
import { assertNever } from '../../domain/assert-never.ts';
import type { BotsCall, FencedCall } from '../bots.ts';
import type { Circuit } from './circuit.ts';
import { classifyFailure, DockerAnswerError, type DockerFailure } from './docker-errors.ts';

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
  readonly admit: (call: BotsCall) => true | Promise<boolean>;
  readonly onAnswer: () => void;
}

export function createHostCalls(options: HostCallsOptions): HostCalls {
  const { name, api, circuit, admit, onAnswer } = options;
  /** Shown while the circuit is open: that it is open says nothing of the host. */
  let lastReason = 'no call has gone out';

  async function send<T>(request: HostRequest<T>, signal: AbortSignal, kind: Kind): Promise<T> {
    const limit = { ms: request.deadlineMs, signal, late };
    let value: T;
    try {
      value = await withDeadline((cut) => request.send(api, cut), limit);
    } catch (error) {
      const failure = failureOf(error);
      const thrown = errorOf(failure, name, request, kind);
      if (failure.kind === 'answered') {
        onAnswer();
        circuit.succeeded();
      } else if (countsAgainstHost(failure, request)) {
        lastReason = thrown.message;
        circuit.failed();
      }
      throw thrown;
    }
    onAnswer();
    circuit.succeeded();
    return value;
  }

  async function untilAdmitted(admitted: Promise<boolean>): Promise<void> {
    if (await admitted) return;
    const message = `docker host "${name}" does not answer (circuit open; last: ${lastReason})`;
    throw new UnavailableError('DOCKER_UNREACHABLE', message, { context: { host: name } });
  }

  return {
    name,
    read: async (request, call) => {
      const admitted = admit(call);
      if (admitted !== true) await untilAdmitted(admitted);
      return send(request, call.signal, 'read');
    },
    change: async (request, call) => {
      const admitted = admit(call);
      if (admitted !== true) await untilAdmitted(admitted);
      await call.fence();
      return send(request, call.signal, 'change');
    },
  };
}

type Kind = 'read' | 'change';

type Failure =
  | (DockerFailure & { readonly cause: unknown })
  | { readonly kind: 'timeout' | 'aborted' }
  /** Of our own reading of the answer, which already says what it means. */
  | { readonly kind: 'unreadable'; readonly error: InDoubtError };

class CutError extends Error {
  readonly why: 'timeout' | 'aborted';
  constructor(why: 'timeout' | 'aborted') {
    super(why);
    this.why = why;
  }
}

// A daemon that dies in mid-answer leaves dockerode's promise pending for ever, whatever timeout or abort signal it was
// given: waiting ends with the deadline, and the abort only gives the socket back.
const late = (why: 'timeout' | 'aborted') => new CutError(why);

function failureOf(error: unknown): Failure {
  if (error instanceof CutError) return { kind: error.why };
  if (error instanceof InDoubtError) return { kind: 'unreadable', error };
  return { ...classifyFailure(error), cause: error };
}

function countsAgainstHost({ kind }: Failure, { isPrompt = false }: HostRequest<unknown>): boolean {
  return kind === 'timeout' ? isPrompt : kind === 'unreachable' || kind === 'lost';
}

function errorOf(
  failure: Failure,
  host: string,
  { what, deadlineMs }: HostRequest<unknown>,
  kind: Kind,
): Error {
  const context = { host, call: what };
  const subject = `docker host "${host}"`;
  switch (failure.kind) {
    case 'timeout':
    case 'aborted': {
      const how = failure.kind === 'timeout' ? `within ${deadlineMs} ms` : 'before it was aborted';
      const message = `${subject} did not answer ${what} ${how}`;
      const code = failure.kind === 'timeout' ? 'DOCKER_TIMEOUT' : 'DOCKER_ABORTED';
      return kind === 'read'
        ? new UnavailableError(code, message, { context })
        : new InDoubtError(code, message, { context });
    }
    case 'unreadable':
      return failure.error;
    case 'answered': {
      const { statusCode, message, cause } = failure;
      return new DockerAnswerError(statusCode, `${subject}, ${what}: ${message}`, {
        context,
        cause,
      });
    }
    case 'unreachable':
    case 'lost': {
      const { message: text, cause } = failure;
      const message = `${subject}, ${what}: ${text}`;
      return failure.kind === 'unreachable' || kind === 'read'
        ? new UnavailableError('DOCKER_UNREACHABLE', message, { context, cause })
        : new InDoubtError('DOCKER_LOST', message, { context, cause });
    }
    default:
      return assertNever(failure);
  }
}
