// A collection as the engine reads and writes it, and as a step should: majority reads on the primary, majority writes.
// What was read so cannot be rolled back.

import type { Collection, Db, Document } from 'mongodb';

export function majorityCollection<T extends Document>(db: Db, name: string): Collection<T> {
  return db.collection<T>(name, {
    readConcern: { level: 'majority' },
    readPreference: 'primary',
    writeConcern: { w: 'majority' },
  });
}
