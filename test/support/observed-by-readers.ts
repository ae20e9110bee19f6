// Every state of a user's document that a reader could have seen: the database's own image after each single write.

import type { ChangeStream, Db, Document } from 'mongodb';
import type { UserId } from '../../src/domain/ids.ts';
import { byId, users } from './users.ts';

const LAST = 'scenarioIsOver';

export async function seenByReaders(
  db: Db,
  userId: UserId,
  act: () => Promise<unknown>,
): Promise<readonly Document[]> {
  const images = { collMod: 'users', changeStreamPreAndPostImages: { enabled: true } };
  await db.command(images);
  const stream = users(db).watch([], { fullDocument: 'required' });
  try {
    // Opens it: what is written from here on is seen.
    await stream.tryNext();
    await act();
    await users(db).updateOne(byId(userId), { $set: { [LAST]: true } });
    return await readUntilLast(stream);
  } finally {
    await stream.close();
  }
}

async function readUntilLast(stream: ChangeStream<Document>): Promise<readonly Document[]> {
  const observed: Document[] = [];
  for (;;) {
    const change = await stream.next();
    const image = 'fullDocument' in change ? change.fullDocument : undefined;
    if (image === undefined) throw new Error(`no image of a change: ${change.operationType}`);
    observed.push(image);
    if (image[LAST] === true) return observed;
  }
}
