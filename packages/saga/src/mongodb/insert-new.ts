// Inserts what is not there yet. Repeatable: an entry that exists is left as it is and counts as done.

import type { Collection, Document, OptionalUnlessRequiredId } from 'mongodb';
import { inTime } from './in-time.ts';
import { isOnlyDuplicates, repeatableFailure } from './mongo-errors.ts';

/** @returns how many were new. @throws UnavailableError, RetryableError. */
export async function insertNew<T extends Document>(
  collection: Collection<T>,
  documents: readonly OptionalUnlessRequiredId<T>[],
): Promise<number> {
  try {
    const inserting = collection.insertMany([...documents], { ordered: false });
    const result = await inTime(inserting);
    return result.insertedCount;
  } catch (error) {
    if (isOnlyDuplicates(error)) return error.insertedCount;
    throw repeatableFailure(error);
  }
}
