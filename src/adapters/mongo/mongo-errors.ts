// What a failure of MongoDB means for the caller. The one distinction that money hangs on (I2): a write
// that was never sent may simply be tried again, a write that was sent and not answered may have landed.
// Driver errors stop here; everything above sees the engine's error classes.

import { mongo } from 'mongoose';
import { RetryableError, SagaError, UnavailableError } from '../../saga/errors.ts';

const DUPLICATE_KEY = 11_000;
export const DOCUMENT_FAILED_VALIDATION = 121;
/** A user whose history has grown to the limit of one document, 16 MB. */
export const DOCUMENT_TOO_LARGE: ReadonlySet<number> = new Set([10_334, 17_419, 17_420]);

/** Runs a read, or a write that does no harm when it happens twice: no connection, no answer in time
 * and a server that steps down are all the same to the caller.
 * @throws UnavailableError `MONGODB_UNREACHABLE`; RetryableError `MONGODB_REFUSED`. */
export async function runRepeatable<T>(operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    throw repeatableFailure(error);
  }
}

export function repeatableFailure(error: unknown): SagaError {
  if (error instanceof SagaError) return error;
  return isAway(error)
    ? unreachable(error)
    : new RetryableError('MONGODB_REFUSED', `MongoDB refused: ${messageOf(error)}`, {
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

/** Whether the error speaks of the server being away, or of a write that is not on a majority yet, rather
 * than of the command. */
export function isAway(error: unknown): boolean {
  if (error instanceof mongo.MongoWriteConcernError) return true;
  if (error instanceof mongo.MongoBulkWriteError) return isBulkAway(error);
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

// A bulk write wraps whatever happened to it, a broken connection too. Without a refused write and without
// an error inside, what is left is a write concern that was not met in time.
function isBulkAway({ errorResponse, writeErrors }: mongo.MongoBulkWriteError): boolean {
  if (errorResponse instanceof Error) return isAway(errorResponse);
  return Array.isArray(writeErrors) && writeErrors.length === 0;
}

export function isDuplicateKey(error: unknown): error is mongo.MongoServerError {
  return error instanceof mongo.MongoServerError && error.code === DUPLICATE_KEY;
}
