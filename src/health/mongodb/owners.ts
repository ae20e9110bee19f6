// Whose bots they are: the pool state names users by firebaseUid or by `_id`, sagas and wallets by `_id`.

import { majorityCollection, runRepeatable } from '@reclaim/saga/mongodb';
import { type Db, ObjectId } from 'mongodb';
import { parseFirebaseUid, parseUserId } from '../../domain/ids.ts';
import { chunksOf } from '../../domain/map-bounded.ts';
import type { BotOwner } from '../../pool-state/ownership.ts';

interface UserDocument {
  _id: ObjectId;
  firebaseUid?: unknown;
}

const MAX_BATCH = 1_000;

export type Owners = ReturnType<typeof createMongoOwners>;

export function createMongoOwners(db: Db) {
  return {
    /** By the requested name. A name that no user has, or two users, is missing. */
    find: async (names: readonly string[]): Promise<ReadonlyMap<string, BotOwner>> => {
      const found = new Map<string, BotOwner>();
      const doubted = new Set<string>();
      const note = (name: string, owner: BotOwner) => {
        const known = found.get(name);
        if (known !== undefined && known.userId !== owner.userId) doubted.add(name);
        found.set(name, owner);
      };
      for (const part of chunksOf(names, MAX_BATCH)) {
        const asked = new Set(part);
        for (const { _id, firebaseUid } of await readUsers(db, part)) {
          const userId = parseUserId(String(_id));
          if (userId === undefined) continue;
          const owner = { userId, firebaseUid: parseFirebaseUid(firebaseUid) ?? null };
          if (asked.has(userId)) note(userId, owner);
          if (owner.firebaseUid !== null && asked.has(owner.firebaseUid)) {
            note(owner.firebaseUid, owner);
          }
        }
      }
      for (const name of doubted) found.delete(name);
      return found;
    },
  };
}

function readUsers(db: Db, names: readonly string[]): Promise<UserDocument[]> {
  const ids = names.flatMap((name) => parseUserId(name) ?? []);
  const filter = {
    $or: [
      { firebaseUid: { $in: [...names] } },
      { _id: { $in: ids.map((id) => new ObjectId(id)) } },
    ],
  };
  return runRepeatable(() =>
    majorityCollection<UserDocument>(db, 'users')
      .find(filter, { projection: { firebaseUid: 1 } })
      .toArray(),
  );
}
