// Inserts what is not there yet. Repeatable: an entry that exists is left as it is and counts as done.

import { mongo } from 'mongoose';
import { isDuplicateKey, repeatableFailure } from './mongo-errors.ts';

/** @returns how many were new. @throws UnavailableError, RetryableError. */
export async function insertNew<T extends mongo.Document>(
  collection: mongo.Collection<T>,
  documents: readonly mongo.OptionalUnlessRequiredId<T>[],
): Promise<number> {
  try {
    const result = await collection.insertMany([...documents], { ordered: false });
    return result.insertedCount;
  } catch (error) {
    if (isOnlyDuplicates(error)) return error.insertedCount;
    throw repeatableFailure(error);
  }
}

function isOnlyDuplicates(error: unknown): error is mongo.MongoBulkWriteError {
  if (!(error instanceof mongo.MongoBulkWriteError)) return false;
  if (error.result.getWriteConcernError() !== undefined) return false;
  const refused = [error.writeErrors].flat();
  return (
    refused.length > 0 &&
    refused.every(({ code }) => code === DUPLICATE_KEY) &&
    isDuplicateKey(error)
  );
}

const DUPLICATE_KEY = 11_000;
