// What gathers in a long life, made at once: rows in a user's document, other users' bots in the pool state, sagas in the
// log. Ended sagas are copies of one that has ended here, so that they are as large, and stand in the same indexes.

import { type Db, ObjectId } from 'mongodb';
import { DELETE_BOT } from '../src/deletion/delete-bot.ts';
import type { DeleteBotInput } from '../src/deletion/delete-bot-input.ts';
import { toFirebaseUid, toInstanceId, toUserId } from '../src/domain/ids.ts';
import { connectMongo } from '../src/infra/mongodb/connect.ts';
import type { Services } from '../src/main/compose/services.ts';
import { activateStore, fillStore } from '../src/pool-state/mongodb/pool-documents-store.ts';
import type { PoolState } from '../src/pool-state/pool-state.ts';
import { samplePoolState } from '../test/support/pool-state-samples.ts';
import type { Place } from './environment.ts';
import { addBots, type HerdBot, requirePaid, seedContainers, seedUsers } from './herd.ts';

export interface Gathered {
  /** Rows in the document of the user whose bots are deleted. */
  readonly transactions: number;
  /** Of other users, in the pool state. */
  readonly poolBots: number;
  readonly endedSagas: number;
  /** Accepted, and asleep for an hour. */
  readonly openSagas: number;
}

export const NOTHING: Gathered = { transactions: 0, poolBots: 0, endedSagas: 0, openSagas: 0 };

interface LongHerd {
  readonly bots: readonly HerdBot[];
  /** @throws when the money of one did not come back exactly once. */
  requirePaid(db: Db): Promise<void>;
}

/** Before the services start: they find it as an installation of that age does. */
export async function seedLongHerd(
  place: Place,
  size: number,
  { transactions, poolBots, isOneUser }: Gathered & { readonly isOneUser: boolean },
): Promise<LongHerd> {
  const { MONGODB_URI = '' } = place.env;
  const db = await connectMongo(MONGODB_URI);
  try {
    const writePoolState = async (state: PoolState) => {
      const all = merged(samplePoolState(poolBots), state);
      if (place.config.poolState === 'mongodb') await fillDocuments(db, all);
      else await place.writePoolState(all);
    };
    const seeded = await seedUsers(db, writePoolState, isOneUser ? 1 : 2 * size);
    // Pooled ones alone: a median over two kinds says nothing of either.
    const bots = seeded.filter(({ isPooled }) => isPooled);
    const [only] = bots;
    if (!isOneUser || only === undefined) {
      await seedContainers(db, bots);
      return { bots, requirePaid: (services) => requirePaid(services, size) };
    }
    const all = [only, ...(await addBots(db, only, size - 1))];
    await addTransactions(db, only, transactions);
    await seedContainers(db, all);
    return { bots: all, requirePaid: (services) => requirePaid(services, 1, size) };
  } finally {
    await db.client.close();
  }
}

function merged(some: PoolState, others: PoolState): PoolState {
  const pools = { ...some.pools, ...others.pools };
  return { ...others, pools, botMapping: { ...some.botMapping, ...others.botMapping } };
}

/** A move's own writes, without its reading back of all rows in one snapshot: the embedded server keeps one for a second. */
async function fillDocuments(db: Db, state: PoolState): Promise<void> {
  const move = { file: 'bench', sha256: 'bench', isNewlineTerminated: false, at: new Date() };
  const filled = await fillStore(db, state, move);
  if (filled !== null && (await activateStore(db, filled))) return;
  throw new Error('the pool state was not put into MongoDB');
}

/** As the platform writes them. */
async function addTransactions(db: Db, { firebaseUid }: HerdBot, count: number): Promise<void> {
  if (count === 0) return;
  const users = db.collection('users');
  const user = await users.findOne({ firebaseUid });
  const template = user?.walletTransactions[0];
  const rows = Array.from({ length: count }, () => ({ ...template, _id: new ObjectId() }));
  await users.updateOne({ firebaseUid }, { $set: { walletTransactions: rows } });
}

/** Sagas in one insert. */
const BATCH = 2_000;
/** Acceptances under way at once. */
const WIDTH = 500;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Once a deletion has ended here. */
export async function addSagas(
  services: Services,
  { endedSagas, openSagas }: Gathered,
  signal: AbortSignal,
): Promise<void> {
  await addEnded(services, endedSagas, signal);
  for (let first = 0; first < openSagas; first += WIDTH) {
    signal.throwIfAborted();
    const size = Math.min(WIDTH, openSagas - first);
    await Promise.all(Array.from({ length: size }, (_, n) => sleepAnHour(services, first + n)));
  }
}

async function addEnded(
  { db, sagas }: Services,
  count: number,
  signal: AbortSignal,
): Promise<void> {
  if (count === 0) return;
  const collection = db.collection<SagaCopy>('sagas');
  const template = await collection.findOne({ open: false });
  if (template === null) throw new Error('no saga has ended yet');
  const nowMs = Date.now();
  for (let first = 0; first < count; first += BATCH) {
    signal.throwIfAborted();
    const copies = Array.from({ length: Math.min(BATCH, count - first) }, (_, n) => {
      const { userId, firebaseUid, instanceId } = strangerBot(first + n);
      // Evenly over the time that ended sagas are kept for, the oldest first.
      const agoMs = 89 * DAY_MS * (1 - (first + n) / count);
      const createdAt = new Date(nowMs - agoMs);
      return {
        ...template,
        _id: sagas.newId(DELETE_BOT) as string,
        key: template.key.replace(template.subject, userId),
        ...{ subject: userId, requestedBy: firebaseUid },
        input: { ...template.input, userId, firebaseUid, instanceId },
        ...{ createdAt, finishedAt: createdAt, expireAt: new Date(nowMs + 90 * DAY_MS - agoMs) },
      };
    });
    await collection.insertMany(copies, { ordered: false, writeConcern: { w: 1 } });
  }
}

interface SagaCopy {
  readonly _id: string;
  readonly key: string;
  readonly subject: string;
  readonly input: Readonly<Record<string, unknown>>;
}

async function sleepAnHour({ sagas }: Services, index: number): Promise<void> {
  const bot = strangerBot(index);
  const policy = { onStopFailure: 'hold', stopTimeoutMs: HOUR_MS } as const;
  await sagas.start({
    kind: DELETE_BOT,
    subject: bot.userId,
    requestedBy: bot.firebaseUid,
    input: { ...bot, ...policy } satisfies DeleteBotInput,
    notBeforeMs: Date.now() + HOUR_MS,
  });
}

function strangerBot(index: number) {
  const firebaseUid = toFirebaseUid(`stranger${index}`);
  return {
    userId: toUserId(new ObjectId().toHexString()),
    firebaseUid,
    instanceId: toInstanceId(`${firebaseUid}-bot-1`),
  };
}
