// Posts as documents of `posts`: taken by one conditional write against the database's own clock.

import { randomUUID } from 'node:crypto';
import type { Connection } from 'mongoose';
import type { Elections } from '../../saga/ports/elections.ts';
import { isOver } from './holds.ts';
import { isDuplicateKey, runRepeatable } from './mongo-errors.ts';

interface PostDocument {
  _id: string;
  owner: string;
  until: Date;
}

export function createMongoElections(connection: Connection): Elections {
  if (connection.db === undefined) throw new Error('the connection is not open');
  const posts = connection.db.collection<PostDocument>('posts');
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
