// How long the replica set may be without a primary before its members elect another.

import { type Admin, type Db, MongoServerError } from 'mongodb';
import { isAway, runRepeatable } from './mongo-errors.ts';

/** MongoDB's own, where the set's configuration is refused: to a user without the right, by a proxy in front. */
const USUAL_MS = 10_000;

/** Null for a set of one, which has no other member to elect. @throws UnavailableError when MongoDB does not answer. */
export async function readElectionTimeoutMs(db: Db): Promise<number | null> {
  const admin = db.admin();
  const {
    hosts = [],
    passives = [],
    arbiters = [],
  } = await runRepeatable(() => admin.command({ hello: 1 }));
  if (hosts.length + passives.length + arbiters.length < 2) return null;
  const settings = await runRepeatable(() => configured(admin));
  const timeoutMs = Number(settings?.electionTimeoutMillis);
  return Number.isFinite(timeoutMs) ? timeoutMs : USUAL_MS;
}

async function configured(admin: Admin) {
  try {
    return (await admin.command({ replSetGetConfig: 1 })).config?.settings;
  } catch (error) {
    if (error instanceof MongoServerError && !isAway(error)) return undefined;
    throw error;
  }
}
