// Reads the driver's errors: was the database away (nothing happened, or nobody knows), or did it refuse?

import { mongo } from 'mongoose';
import { SagaError, UnavailableError } from '../../saga/errors.ts';

const DUPLICATE_KEY = 11000;

/** Connection lost, no primary, time over, a write concern that was not met: the database may come back,
 * and whether a write has landed must be read back. */
export function isOutage(error: unknown): boolean {
  return (
    error instanceof mongo.MongoNetworkError ||
    error instanceof mongo.MongoServerSelectionError ||
    error instanceof mongo.MongoOperationTimeoutError ||
    error instanceof mongo.MongoWriteConcernError ||
    error instanceof mongo.MongoNotConnectedError ||
    error instanceof mongo.MongoTopologyClosedError ||
    error instanceof mongo.MongoClientClosedError ||
    (error instanceof mongo.MongoError &&
      (error.hasErrorLabel('RetryableWriteError') ||
        error.hasErrorLabel('TransientTransactionError')))
  );
}

/** An outage as UnavailableError; everything else as it is. */
export function asUnavailable(error: unknown): unknown {
  if (error instanceof SagaError || !isOutage(error)) return error;
  return new UnavailableError('MONGODB_UNREACHABLE', 'MongoDB does not answer', { cause: error });
}

/** Runs a read or a repeatable write, with outages as UnavailableError. */
export async function reaching<T>(operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    throw asUnavailable(error);
  }
}

export function isDuplicateKey(error: unknown): error is mongo.MongoServerError {
  return error instanceof mongo.MongoServerError && error.code === DUPLICATE_KEY;
}
