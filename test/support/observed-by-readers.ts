// Every state of a user's document that a reader could have seen: the database's own image after each single write.

import type { Connection, mongo } from 'mongoose';
import type { UserId } from '../../src/domain/ids.ts';
import { byId, users } from './users.ts';

const LAST = 'scenarioIsOver';

export async function seenByReaders(
  connection: Connection,
  userId: UserId,
  act: () => Promise<unknown>,
): Promise<readonly mongo.Document[]> {
  const images = { collMod: 'users', changeStreamPreAndPostImages: { enabled: true } };
  await connection.db?.command(images);
  const stream = users(connection).watch([], { fullDocument: 'required' });
  try {
    // Opens it: what is written from here on is seen.
    await stream.tryNext();
    await act();
    await users(connection).updateOne(byId(userId), { $set: { [LAST]: true } });
    return await readUntilLast(stream);
  } finally {
    await stream.close();
  }
}

async function readUntilLast(
  stream: mongo.ChangeStream<mongo.Document>,
): Promise<readonly mongo.Document[]> {
  const observed: mongo.Document[] = [];
  for (;;) {
    const change = await stream.next();
    const image = 'fullDocument' in change ? change.fullDocument : undefined;
    if (image === undefined) throw new Error(`no image of a change: ${change.operationType}`);
    observed.push(image);
    if (image[LAST] === true) return observed;
  }
}
