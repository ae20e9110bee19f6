// Inserts what is not there yet. Repeatable: an entry that exists is left as it is and counts as done.

import {
  type Collection,
  type Document,
  MongoBulkWriteError,
  type OptionalUnlessRequiredId,
} from 'mongodb';
import { isDuplicateKey, repeatableFailure } from './mongo-errors.ts';

/** @returns how many were new. @throws UnavailableError, RetryableError. */
export async function insertNew<T extends Document>(
  collection: Collection<T>,
  documents: readonly OptionalUnlessRequiredId<T>[],
): Promise<number> {
  try {
    const result = await collection.insertMany([...documents], { ordered: false });
    return result.insertedCount;
  } catch (error) {
    if (isOnlyDuplicates(error)) return error.insertedCount;
    throw repeatableFailure(error);
  }
}

function isOnlyDuplicates(error: unknown): error is MongoBulkWriteError {
  if (!(error instanceof MongoBulkWriteError)) return false;
  if (error.result.getWriteConcernError() !== undefined) return false;
  const refused = [error.writeErrors].flat();
  return (
    refused.length > 0 &&
    refused.every(({ code }) => code === DUPLICATE_KEY) &&
    isDuplicateKey(error)
  );
}

const DUPLICATE_KEY = 11_000;
