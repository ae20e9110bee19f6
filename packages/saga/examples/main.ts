// Deletes the user u-42. Kill it at any moment and run it again: the second run finishes what the first began.

import { createEngine } from '@reclaim/saga';
import { Redis } from 'ioredis';
import { MongoClient } from 'mongodb';
import { createDeleteUser } from './delete-user.ts';
import { openShop } from './shop.ts';

const { MONGODB_URI = '', REDIS_URL = '', SHOP_FOLDER = 'shop' } = process.env;
const deleteUser = createDeleteUser(openShop(SHOP_FOLDER));
const mongo = await MongoClient.connect(MONGODB_URI);
const redis = new Redis(REDIS_URL);
// A short lease: another worker takes over some seconds after a kill.
const options = { db: mongo.db(), redis, sagas: [deleteUser], leaseMs: 3_000 };
const engine = await createEngine(options);
const worker = engine.startWorker();
const job = await engine.start(deleteUser, { userId: 'u-42' });
const end = await job.ended({ timeoutMs: 30_000 });
console.log(end?.state.phase, end?.result);
await worker.stop();
await engine.close();
redis.disconnect();
await mongo.close();
