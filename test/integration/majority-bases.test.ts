// What a write is made from is read with a majority: so a condition on a count names one state and no other, although a
// failover gives counts out again. What the primary alone has is no base, of no collection.

import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { toUserId } from '../../src/domain/ids.ts';
import { createMongoBotHealths } from '../../src/health/mongodb/bot-healths.ts';
import { poolCollections } from '../../src/pool-state/mongodb/pool-documents.ts';
import { readStore } from '../../src/pool-state/mongodb/pool-documents-reader.ts';
import { createMongoAuditCheckpoints } from '../../src/wallet/audit/mongodb/audit-checkpoints.ts';
import { createTestDatabase } from '../support/database.ts';
import { storePoolState } from '../support/pool-documents.ts';
import { samplePoolState } from '../support/pool-state-samples.ts';
import { type ReplicaSet, startReplicaSet } from '../support/replica-set.ts';

let replicas: ReplicaSet;

beforeAll(async () => {
  replicas = await startReplicaSet();
}, 90_000);

afterAll(() => replicas?.stop(), 60_000);

const USER = toUserId('6500000000000000000000aa');
const ON_PRIMARY = { writeConcern: { w: 1 } } as const;

it('the primary alone has a newer state: pool state, checkpoint and health are read as a majority has them', async () => {
  const db = await createTestDatabase(replicas.uri);
  onTestFinished(() => replicas.release());
  await storePoolState(db, samplePoolState(2));
  const counted = { revision: 1, at: new Date(), _id: USER };
  await db.collection<{ _id: string }>('auditCheckpoints').insertOne(counted);
  await db
    .collection<{ _id: string }>('botHealth')
    .insertOne({ _id: USER, userId: null, writeId: 'old' } as never);
  const read = async () => {
    const pools = await readStore(db, 'active');
    const checkpoint = await createMongoAuditCheckpoints(db).find(USER);
    const health = (await createMongoBotHealths(db).read([USER])).get(USER);
    const pool = pools.status === 'ok' ? pools.stored.revision : null;
    return [pool, checkpoint?.revision, health?.writeId];
  };
  const before = await read();
  replicas.hold();
  await poolCollections(db).state.updateOne({}, { $inc: { revision: 1 } }, ON_PRIMARY);
  await db.collection('auditCheckpoints').updateOne({}, { $inc: { revision: 1 } }, ON_PRIMARY);
  await db.collection('botHealth').updateOne({}, { $set: { writeId: 'new' } }, ON_PRIMARY);
  expect(await read()).toEqual(before);
});
