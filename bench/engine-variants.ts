// The saga that other engines were measured with: a compensatable step that does nothing, one document update, a pivot of
// one conditional update, a retriable insert. By the engine alone, as its bare effects, and in a bare BullMQ job.

import { randomUUID } from 'node:crypto';
import { createEngine, saga } from '@reclaim/saga';
import { majorityCollection } from '@reclaim/saga/mongodb';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { MongoClient } from 'mongodb';
import type { OpenContestant } from './contestants.ts';
import { IN_FLIGHT } from './drive.ts';
import { createEnds } from './ends.ts';
import type { Place } from './environment.ts';

interface Account {
  readonly _id: string;
  readonly balance: number;
  readonly touched: number;
  readonly paid: boolean;
}

interface Receipt {
  readonly _id: string;
}

export const openPeersFloor: OpenContestant = async (place, size) => {
  const world = await openWorld(place, size);
  return { ...world, work: world.effects };
};

export const openPeersBullmq: OpenContestant = async (place, size) => {
  const world = await openWorld(place, size);
  const ends = createEnds();
  const queue = new Queue<{ readonly index: number }>('bare', {
    connection: world.redis,
    prefix: place.keyPrefix,
  });
  const worker = new Worker<{ readonly index: number }>(
    queue.name,
    ({ data }) => world.effects(data.index),
    { connection: world.workerRedis, prefix: place.keyPrefix, concurrency: IN_FLIGHT },
  );
  worker.on('completed', ({ data }) => ends.came(String(data.index), 'completed'));
  worker.on('failed', (job, error) => ends.came(String(job?.data.index), error.message));
  return {
    verify: world.verify,
    work: async (index) => {
      const options = { removeOnComplete: { age: 3_600, count: 2_000 }, jobId: randomUUID() };
      await queue.add('pay', { index }, options);
      await ends.mustBe(String(index), 'completed');
    },
    close: async () => {
      await worker.close();
      await queue.close();
      await world.close();
    },
  };
};

export const openPeersEngine: OpenContestant = async (place, size) => {
  const world = await openWorld(place, size);
  const ends = createEnds();
  const pay = saga('pay', { key: ({ index }: { index: number }) => `account/${index}` })
    .compensatable('prepare', {
      run: () => undefined,
      compensate: () => undefined,
    })
    .compensatable('touch', {
      run: ({ input }) => world.touch(input.index),
      compensate: () => undefined,
    })
    .pivot('pay', {
      run: ({ input }) => world.pay(input.index),
      observe: () => ({ outcome: 'absent' }),
    })
    .retriable('write-receipt', { run: ({ input }) => world.writeReceipt(input.index) });
  const { db, redis } = world;
  const engine = await createEngine({ db, redis, prefix: place.keyPrefix, sagas: [pay] });
  const worker = engine.startWorker({
    concurrency: IN_FLIGHT,
    onEnded: ({ id, state }) => ends.came(id, state.phase),
  });
  return {
    verify: world.verify,
    work: async (index) => {
      const { id } = await engine.start(pay, { index });
      await ends.mustBe(id, 'completed');
    },
    close: async () => {
      await worker.stop();
      await engine.close();
      await world.close();
    },
  };
};

async function openWorld({ env, keyPrefix }: Place, size: number) {
  const { MONGODB_URI = '', REDIS_URL = '' } = env;
  const client = await MongoClient.connect(MONGODB_URI);
  const db = client.db();
  const redis = new Redis(REDIS_URL, { enableAutoPipelining: true, maxRetriesPerRequest: null });
  const workerRedis = redis.duplicate({ enableAutoPipelining: false });
  const accounts = majorityCollection<Account>(db, 'peersAccounts');
  const receipts = majorityCollection<Receipt>(db, 'peersReceipts');
  const documents = Array.from({ length: size }, (_, index) => {
    return { _id: accountOf(index), balance: 100, touched: 0, paid: false };
  });
  await accounts.insertMany(documents, { ordered: false });
  const touch = async (index: number) => {
    await accounts.updateOne({ _id: accountOf(index) }, { $inc: { touched: 1 } });
  };
  const pay = async (index: number) => {
    const change = { $inc: { balance: 50 }, $set: { paid: true } };
    const { matchedCount } = await accounts.updateOne(
      { _id: accountOf(index), paid: false },
      change,
    );
    if (matchedCount !== 1) throw new Error(`${index} was paid already`);
  };
  const writeReceipt = async (index: number) => {
    await receipts.insertOne({ _id: accountOf(index) });
  };
  return {
    ...{ db, redis, workerRedis, keyPrefix, touch, pay, writeReceipt },
    effects: async (index: number) => {
      await touch(index);
      await pay(index);
      await writeReceipt(index);
    },
    verify: async () => {
      const done = await accounts.countDocuments({ balance: 150, touched: 1, paid: true });
      const receipted = await receipts.countDocuments();
      if (done !== size || receipted !== size) {
        throw new Error(`${size} were ordered, ${done} paid, ${receipted} have a receipt`);
      }
    },
    close: async () => {
      redis.disconnect();
      workerRedis.disconnect();
      await client.close();
    },
  };
}

function accountOf(index: number): string {
  return `account-${index}`;
}
