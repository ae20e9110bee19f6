// Which Redis keys wake the sagas of a database: the prefix of its first engine, a document of the collection `engine`. One
// relay, in one of all processes, makes lost wake-ups anew, under its own prefix; with two prefixes it would wake the sagas of
// the other one where no worker is.

import type { Db } from 'mongodb';
import { TerminalError } from '../../errors.ts';
import { majorityCollection } from '../../mongodb/majority-collection.ts';
import { runUpsert } from '../../mongodb/mongo-errors.ts';

interface PrefixDocument {
  _id: 'prefix';
  prefix: string;
}

/** The first prefix stays. Repeatable; of two at once one is the first.
 * @throws TerminalError PREFIX_DIFFERS for any other; UnavailableError when MongoDB does not answer. */
export async function claimPrefix(db: Db, prefix: string): Promise<void> {
  const engine = majorityCollection<PrefixDocument>(db, 'engine');
  const options = { upsert: true, returnDocument: 'after' } as const;
  const found = await runUpsert(() =>
    engine.findOneAndUpdate({ _id: 'prefix' }, { $setOnInsert: { prefix } }, options),
  );
  if (found.prefix === prefix) return;
  throw new TerminalError(
    'PREFIX_DIFFERS',
    `the sagas in the database ${db.databaseName} are woken under the prefix "${found.prefix}", not "${prefix}": ` +
      'give this engine that prefix, or a database of its own. To change the prefix, or where this is a copy of another ' +
      "database, stop all processes that use it, run db.engine.deleteOne({ _id: 'prefix' }) there, and start them again",
    { context: { database: db.databaseName, prefix: found.prefix, refused: prefix } },
  );
}
