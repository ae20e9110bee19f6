// What a failure of MongoDB means for the caller. The one distinction that money hangs on (I2): a write
// that was never sent may simply be tried again, a write that was sent and not answered may have landed.
// Driver errors stop here; everything above sees the engine's error classes.

import {
  BSON,
  MongoBulkWriteError,
  MongoClientClosedError,
  MongoError,
  MongoInvalidArgumentError,
  MongoNetworkError,
  MongoNotConnectedError,
  MongoOperationTimeoutError,
  MongoServerError,
  MongoServerSelectionError,
  MongoTopologyClosedError,
  MongoWriteConcernError,
} from 'mongodb';
import { HoldError, RetryableError, SagaError, UnavailableError } from '../errors.ts';
import { inTime } from './in-time.ts';

const DUPLICATE_KEY = 11_000;
export const DOCUMENT_FAILED_VALIDATION = 121;
/** A user whose history has grown to the limit of one document, 16 MB. */
export const DOCUMENT_TOO_LARGE: ReadonlySet<number> = new Set([10_334, 17_419, 17_420]);

/** Runs a read, or a write that does no harm when it happens twice: no connection, no answer in time
 * and a server that steps down are all the same to the caller.
 * @throws UnavailableError `MONGODB_UNREACHABLE`; HoldError `MONGODB_CANNOT_HOLD`; RetryableError `MONGODB_REFUSED`. */
export async function runRepeatable<T>(operation: () => Promise<T>): Promise<T> {
  try {
    return await inTime(operation());
  } catch (error) {
    throw repeatableFailure(error);
  }
}

export function repeatableFailure(error: unknown): SagaError {
  if (error instanceof SagaError) return error;
  if (isUnwritable(error)) return cannotHold(error);
  return isAway(error)
    ? unreachable(error)
    : new RetryableError('MONGODB_REFUSED', `MongoDB refused: ${messageOf(error)}`, {
        cause: error,
      });
}

/** What was to be stored has no form in MongoDB, or is too large for it: no other try helps, a person must decide. */
export function cannotHold(error: unknown): HoldError {
  const message = messageOf(error).replaceAll('\0', '\\0').slice(0, MAX_MESSAGE);
  return new HoldError('MONGODB_CANNOT_HOLD', `MongoDB cannot hold it: ${message}`);
}

/** A reason is for a person; some of them quote what they refuse. */
const MAX_MESSAGE = 300;

/** BSON nested too deep (15), not well formed (22), names that no field may have (52, 56, 57). */
const UNWRITABLE: ReadonlySet<unknown> = new Set([15, 22, 52, 56, 57]);

/** The driver has no BSON for it (a NUL in a field's name), or the server does not read it. */
function isUnwritable(error: unknown): boolean {
  if (error instanceof HoldError) return error.code === 'MONGODB_CANNOT_HOLD';
  if (BSON.BSONError.isBSONError(error)) return true;
  // The driver's buffer for one message is smaller than the document.
  if (error instanceof RangeError) return Reflect.get(error, 'code') === 'ERR_OUT_OF_RANGE';
  if (error instanceof MongoInvalidArgumentError) return true;
  return error instanceof MongoServerError && UNWRITABLE.has(error.code);
}

/** Whether the error speaks of the content of a write, of all there is in one command: without it, the others are
 * fine. */
export function isContent(error: unknown): boolean {
  if (isUnwritable(error)) return true;
  if (!(error instanceof MongoServerError)) return false;
  const refused = error instanceof MongoBulkWriteError ? [error.writeErrors].flat() : [];
  return [error, ...refused].some(({ code }) => DOCUMENT_TOO_LARGE.has(Number(code)));
}

/** The same where the content may be anything: the driver throws whatever a getter in it throws. */
export function isContentOf(sent: unknown, error: unknown): boolean {
  if (isContent(error)) return true;
  if (error instanceof MongoError || error instanceof SagaError) return false;
  try {
    BSON.serialize({ sent });
    return false;
  } catch {
    return true;
  }
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
  if (isContent(error)) return false;
  if (error instanceof MongoWriteConcernError) return true;
  if (error instanceof MongoBulkWriteError) return isBulkAway(error);
  if (error instanceof MongoServerError) {
    return error.hasErrorLabel('RetryableWriteError') || error.hasErrorLabel('RetryableError');
  }
  return (
    error instanceof MongoServerSelectionError ||
    error instanceof MongoNetworkError ||
    error instanceof MongoOperationTimeoutError ||
    error instanceof MongoNotConnectedError ||
    error instanceof MongoTopologyClosedError ||
    error instanceof MongoClientClosedError
  );
}

// A bulk write wraps every error that it meets, a broken connection too. Without a refused write and without
// an error inside, what is left is a write concern that was not met in time.
function isBulkAway({ errorResponse, writeErrors }: MongoBulkWriteError): boolean {
  if (errorResponse instanceof Error) return isAway(errorResponse);
  return Array.isArray(writeErrors) && writeErrors.length === 0;
}

export function isDuplicateKey(error: unknown): error is MongoServerError {
  return error instanceof MongoServerError && error.code === DUPLICATE_KEY;
}

/** Whether all that was refused of a bulk write is there already. */
export function isOnlyDuplicates(error: unknown): error is MongoBulkWriteError {
  if (!(error instanceof MongoBulkWriteError) || !isDuplicateKey(error)) return false;
  if (error.result.getWriteConcernError() !== undefined) return false;
  return [error.writeErrors].flat().every(({ code }) => code === DUPLICATE_KEY);
}

/** @returns `taken` where another document has the unique key. @throws every other failure of the write, as it is. */
export async function unlessDuplicate<T, Taken>(
  write: Promise<T>,
  taken: Taken,
): Promise<T | Taken> {
  try {
    return await write;
  } catch (error) {
    if (isDuplicateKey(error)) return taken;
    throw error;
  }
}

/** Runs an upsert whose document another writer may insert at the same moment; the next try finds that one.
 * @throws as `runRepeatable`; RetryableError `MONGODB_CONTENDED`. */
export async function runUpsert<T>(upsert: () => Promise<T | null>): Promise<T> {
  for (let tries = 0; tries < MAX_UPSERTS; tries += 1) {
    const found = await runRepeatable(() => unlessDuplicate(upsert(), null));
    if (found !== null) return found;
  }
  throw new RetryableError('MONGODB_CONTENDED', 'another writer is inserting the same document');
}

const MAX_UPSERTS = 3;
