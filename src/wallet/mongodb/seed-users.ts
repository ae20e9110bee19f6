// The demo's users, from a dump in MongoDB's extended JSON. Only an empty collection is seeded, so that
// a second start keeps what happened since; the dump's broken rows are part of the demo and go past the
// validator.

import { isOnlyDuplicates, majorityCollection } from '@reclaim/saga/mongodb';
import { BSON, type Db, type Document, ObjectId } from 'mongodb';

/** Parses one document per line; blank lines are skipped.
 * @throws SyntaxError that names the line. */
export function parseUserDump(text: string): Document[] {
  return text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    try {
      return [BSON.EJSON.parse(line)];
    } catch (cause) {
      throw new SyntaxError(`line ${index + 1} of the users dump is not extended JSON`, { cause });
    }
  });
}

/** @returns how many were inserted: 0 where the collection already holds a user. Of two processes that
 * seed at once each document is inserted once. */
export async function seedUsers(db: Db, documents: readonly Document[]): Promise<number> {
  const users = majorityCollection<Document>(db, 'users');
  if (documents.length === 0 || (await users.findOne({}, { projection: { _id: 1 } })) !== null) {
    return 0;
  }
  const writes = documents.map(({ _id = new ObjectId(), ...fields }) => ({
    updateOne: { filter: { _id }, update: { $setOnInsert: fields }, upsert: true },
  }));
  const options = { ordered: false, bypassDocumentValidation: true };
  try {
    return (await users.bulkWrite(writes, options)).upsertedCount;
  } catch (error) {
    // The other process was faster with some documents, which is as good.
    if (!isOnlyDuplicates(error)) throw error;
    return error.upsertedCount;
  }
}
