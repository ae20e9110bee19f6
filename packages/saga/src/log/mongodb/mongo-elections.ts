// Posts as documents of `posts`: taken by one conditional write against the database's own clock.

import { randomUUID } from 'node:crypto';
import type { Db } from 'mongodb';
import { isOver } from '../../mongodb/holds.ts';
import { isDuplicateKey, runRepeatable } from '../../mongodb/mongo-errors.ts';
import type { Elections } from '../elections.ts';

interface PostDocument {
  _id: string;
  owner: string;
  until: Date;
}

export function createMongoElections(db: Db): Elections {
  const posts = db.collection<PostDocument>('posts');
  const owner = randomUUID();
  return {
    hold: (post, ttlMs) =>
      runRepeatable(async () => {
        const until = { $dateAdd: { startDate: '$$NOW', unit: 'millisecond', amount: ttlMs } };
        const isFree = { $or: [{ $eq: ['$owner', owner] }, isOver('$until', ttlMs)] };
        const take = () =>
          posts.updateOne({ _id: post, $expr: isFree }, [{ $set: { owner, until } }]);
        if ((await take()).matchedCount === 1) return true;
        // Held by somebody, or the first time anybody asks for it.
        const { upsertedCount } = await posts
          .updateOne(
            { _id: post },
            { $setOnInsert: { owner: '', until: new Date(0) } },
            { upsert: true },
          )
          .catch((error: unknown) => {
            if (isDuplicateKey(error)) return { upsertedCount: 0 };
            throw error;
          });
        return upsertedCount === 1 && (await take()).matchedCount === 1;
      }),
    resign: () => runRepeatable(async () => void (await posts.deleteMany({ owner }))),
  };
}
