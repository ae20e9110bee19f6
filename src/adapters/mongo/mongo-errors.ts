// What a failure of MongoDB means for the caller. The one distinction that money hangs on (I2): a write
// that was never sent may simply be tried again, a write that was sent and not answered may have landed.
// Driver errors stop here; everything above sees the engine's error classes.

import { mongo } from 'mongoose';
import { RetryableError, SagaError, UnavailableError } from '../../saga/errors.ts';

/** The longest one round trip may take, waiting for a server included. A group commit that hung would
 * hold everybody behind it. */
export const OPERATION_TIMEOUT_MS = 10_000;

export const DUPLICATE_KEY = 11_000;
export const DOCUMENT_FAILED_VALIDATION = 121;

/** Runs a read, which is safe to repeat: no connection, no answer in time and a server that steps down
 * are all the same to the caller.
 * @throws UnavailableError `MONGODB_UNREACHABLE`; RetryableError `MONGODB_READ_FAILED`. */
export async function readFromMongo<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw readFailure(error);
  }
}

export function readFailure(error: unknown): SagaError {
  if (error instanceof SagaError) return error;
  return isAway(error)
    ? unreachable(error)
    : new RetryableError('MONGODB_READ_FAILED', `MongoDB refused a read: ${messageOf(error)}`, {
        cause: error,
      });
}

export function unreachable(error: unknown): UnavailableError {
  return new UnavailableError(
    'MONGODB_UNREACHABLE',
    `MongoDB cannot be reached: ${messageOf(error)}`,
    { cause: error },
  );
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whether the error speaks of the server being away rather than of the command. */
export function isAway(error: unknown): boolean {
  if (error instanceof mongo.MongoServerError) {
    return error.hasErrorLabel('RetryableWriteError') || error.hasErrorLabel('RetryableError');
  }
  return (
    error instanceof mongo.MongoServerSelectionError ||
    error instanceof mongo.MongoNetworkError ||
    error instanceof mongo.MongoOperationTimeoutError ||
    error instanceof mongo.MongoNotConnectedError ||
    error instanceof mongo.MongoTopologyClosedError ||
    error instanceof mongo.MongoClientClosedError
  );
}
