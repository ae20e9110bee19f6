// Makes the simulated Docker go wrong as the documents of its world say, so that it is never kinder than a real one: calls
// that are never answered, refused connections, answers that say nothing, lost replies.

import type { Operation } from './operation.ts';
import type { WorldDocument } from './world-documents.ts';

/** Before a read is answered. An operation that changes something reads through the faults of its bot: they are met by
 * its changes. @throws what dockerode throws. */
export function beforeRead(
  operation: Operation,
  met: readonly WorldDocument[],
  signal?: AbortSignal,
): Promise<void> {
  return met.some(isFaulty) ? meetRead(operation, met, signal) : NONE;
}

async function meetRead(
  operation: Operation,
  met: readonly WorldDocument[],
  signal?: AbortSignal,
): Promise<void> {
  const meeting = met.filter((one) => isPlace(one) || operation.kind === 'read');
  await meetChange(operation, meeting, signal);
  for (const one of faultyOf(operation, meeting)) {
    if (await operation.meets(one, 'unknown')) {
      throw daemonAnswer(500, 'the simulated host cannot tell');
    }
  }
}

/** Before a change is made. @throws what dockerode throws. */
export function beforeChange(
  operation: Operation,
  met: readonly WorldDocument[],
  signal?: AbortSignal,
): Promise<void> {
  return met.some(isFaulty) ? meetChange(operation, met, signal) : NONE;
}

async function meetChange(
  operation: Operation,
  met: readonly WorldDocument[],
  signal?: AbortSignal,
): Promise<void> {
  for (const one of faultyOf(operation, met)) {
    if (await operation.meets(one, 'unreachable')) throw refused();
    if (operation.kind === 'start' && isPlace(one)) {
      if (await operation.meets(one, 'unreachableAtStart')) throw refused();
    }
    if (await operation.meets(one, 'hang')) await noAnswer(signal);
  }
}

export function isHit(
  operation: Operation,
  met: readonly WorldDocument[],
  fault: AnswerFault,
): Promise<boolean> {
  return met.some(isFaulty) ? meets(operation, met, fault) : NOT_HIT;
}

export type AnswerFault = 'loseReply' | 'refuseStop' | 'refuseStart';

async function meets(
  operation: Operation,
  met: readonly WorldDocument[],
  fault: AnswerFault,
): Promise<boolean> {
  for (const one of faultyOf(operation, met)) if (await operation.meets(one, fault)) return true;
  return false;
}

/** An answer of the daemon's that is not success, as dockerode throws it. */
export function daemonAnswer(statusCode: number, message: string): Error {
  return Object.assign(new Error(message), { statusCode, json: { message } });
}

/** The connection broke before an answer came. */
export function lostReply(): Error {
  return Object.assign(new Error('the answer of the simulated host was lost'), { syscall: 'read' });
}

/** What is carried out in a session that does not answer any more. */
export class NoAnswerError extends Error {}

// A caller without a signal is a session: it stays open and says nothing.
async function noAnswer(signal?: AbortSignal): Promise<never> {
  if (signal === undefined) throw new NoAnswerError();
  if (!signal.aborted) {
    const { promise, resolve } = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => resolve(), { once: true });
    await promise;
  }
  throw lostReply();
}

function refused(): Error {
  const message = 'the simulated host refuses connections';
  return Object.assign(new Error(message), { syscall: 'connect' });
}

/** Next to no call meets any. */
const NONE = Promise.resolve();
const NOT_HIT = Promise.resolve(false);

function isFaulty({ injectFaults }: WorldDocument): boolean {
  return injectFaults !== undefined;
}

function isPlace({ kind }: WorldDocument): boolean {
  return kind === 'host' || kind === 'pool';
}

/** A bot's faults are those of the operations that are about it. */
function faultyOf({ instanceId }: Operation, met: readonly WorldDocument[]) {
  return met.filter(
    (one) => isFaulty(one) && (!('instanceId' in one) || one.instanceId === instanceId),
  );
}
