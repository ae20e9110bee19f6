// The pool state in MongoDB when its primary is lost in the middle of a change: a row that the old one alone had was
// brought up from the last change, and the next change must not take the place of that one's only copy (I5).

import type { Collection, CollectionOptions, Db } from 'mongodb';
import { expect, it } from 'vitest';
import { toInstanceId } from '../../src/domain/ids.ts';
import { poolCollections } from '../../src/pool-state/mongodb/pool-documents.ts';
import { commitPoolDocuments } from '../../src/pool-state/mongodb/pool-documents-commit.ts';
import { readStore } from '../../src/pool-state/mongodb/pool-documents-reader.ts';
import { takeOut } from '../../src/pool-state/pool-state.ts';
import { createPoolDatabase } from '../support/pool-documents.ts';
import { sampleMapping, samplePoolState } from '../support/pool-state-samples.ts';

it('a failover between the last change’s rows and the next change: neither is lost', async () => {
  const database = await createPoolDatabase(samplePoolState(6));
  const { state } = poolCollections(database.db);
  const mapping = sampleMapping('uid-0', 'uid-0-bot-9', 1);
  const revision = ((await state.findOne({ _id: 'state' }))?.revision ?? 0) + 1;
  // A writer died before its rows were up.
  const bots = [{ id: 'uid-0-bot-9', position: 99, value: mapping }];
  await state.updateOne(
    { _id: 'state' },
    { $set: { revision, pending: { revision, pools: [], bots } } },
  );
  const answer = await readStore(database.db, 'active');
  if (answer.status === 'unknown') throw new Error(answer.reason);
  const base = answer.stored;
  const taken = toInstanceId('uid-1-bot-1');

  const outcome = await commitPoolDocuments(losingItsPrimary(database.db), {
    base,
    after: takeOut(base.state, taken),
    writeId: 'the next',
    now: () => new Date(),
    onRowsBehind: () => undefined,
  });

  expect(outcome).toBe('committed');
  const { botMapping } = await database.stored();
  expect(botMapping['uid-0-bot-9']).toEqual(mapping);
  expect(botMapping[taken]).toBeUndefined();
});

/** The database as a writer has it whose primary is lost right before it commits: what that one was to acknowledge alone
 * is not there any more. */
function losingItsPrimary(db: Db): Db {
  const lost: (() => Promise<void>)[] = [];
  let isLost = false;
  const wrap = (real: Collection): Collection =>
    Object.assign(Object.create(real), {
      bulkWrite: async (...[operations, options]: Parameters<Collection['bulkWrite']>) => {
        const before = await real.find().toArray();
        const result = await real.bulkWrite(operations, options);
        if (!isLost && options?.writeConcern?.w === 1) {
          lost.push(async () => {
            await real.deleteMany({});
            await real.insertMany(before);
          });
        }
        return result;
      },
      updateOne: async (...order: Parameters<Collection['updateOne']>) => {
        isLost = true;
        for (const forget of lost.splice(0)) await forget();
        return real.updateOne(...order);
      },
    });
  const collection = (name: string, options: CollectionOptions) =>
    wrap(db.collection(name, options) as Collection);
  return { collection } as unknown as Db;
}
