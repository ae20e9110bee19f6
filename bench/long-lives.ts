// What one deletion costs where much has gathered: in the user's document, in the pool state, in the log. One at a time,
// against the same deletion on a fresh place. The two take turns in blocks: a shared machine that changes its pace changes
// it for both.

import { drive } from './drive.ts';
import type { Environment, Place } from './environment.ts';
import { addSagas, type Gathered, NOTHING, seedLongHerd } from './long-loads.ts';
import { median } from './statistics.ts';
import { VARIANTS } from './variants.ts';

export interface LifeMeasure {
  /** One deletion on a fresh place: median, ms. */
  readonly smallMs: number;
  /** The same where much has gathered. */
  readonly largeMs: number;
}

export const LIVES = [
  'transactions',
  'poolFile',
  'poolMongodb',
  'endedSagas',
  'openSagas',
] as const;
export type LongLives = Readonly<Record<(typeof LIVES)[number], LifeMeasure>>;

export interface LongOptions {
  readonly transactions: number;
  readonly poolBots: number;
  readonly endedSagas: number;
  readonly openSagas: number;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** The first deletions fill caches, post old rows to the ledger, and leave a saga to copy. */
const WARM_UPS = 10;
const BLOCKS = 3;
const BLOCK = 10;
const SIZE = WARM_UPS * 2 + BLOCKS * BLOCK;

export async function measureLongLives(
  environment: Environment,
  options: LongOptions,
): Promise<LongLives> {
  const { transactions, poolBots, endedSagas, openSagas } = options;
  const inMongodb = { POOL_STATE: 'mongodb' };
  const measure = (name: string, large: Partial<Gathered>, settings = {}) => {
    options.say(`a deletion with ${name}`);
    return measureLife(environment, { ...NOTHING, ...large }, settings, options);
  };
  return {
    transactions: await measure(`${transactions} transactions`, { transactions }),
    poolFile: await measure(`${poolBots} bots in the file`, { poolBots }),
    poolMongodb: await measure(`${poolBots} bots in MongoDB`, { poolBots }, inMongodb),
    endedSagas: await measure(`${endedSagas} ended sagas`, { endedSagas }),
    openSagas: await measure(`${openSagas} open sagas`, { openSagas }),
  };
}

function measureLife(
  environment: Environment,
  large: Gathered,
  settings: Readonly<Record<string, string>>,
  { signal, say }: LongOptions,
): Promise<LifeMeasure> {
  // A user with much in the document is one user; the same holds for the one that is compared.
  const isOneUser = large.transactions > 0;
  const withSide = (gathered: Gathered, work: (side: Side) => Promise<LifeMeasure>) =>
    environment.measure(async (place) => {
      const side = await openSide(place, { ...gathered, isOneUser }, signal);
      return work(side).finally(side.close);
    }, settings);
  return withSide(NOTHING, (small) => withSide(large, (other) => compareSides(small, other, say)));
}

async function compareSides(
  small: Side,
  large: Side,
  say: (line: string) => void,
): Promise<LifeMeasure> {
  const took = { small: [] as number[], large: [] as number[] };
  for (let block = 0; block < BLOCKS; block += 1) {
    took.small.push(...(await small.take(BLOCK)));
    took.large.push(...(await large.take(BLOCK)));
  }
  await small.verify();
  await large.verify();
  const [smallMs, largeMs] = [median(took.small), median(took.large)];
  say(`${smallMs.toFixed(1)} ms, and with them ${largeMs.toFixed(1)} ms`);
  return { smallMs, largeMs };
}

interface Side {
  /** Deletes so many bots, one after the other. @returns ms of each. */
  take(count: number): Promise<readonly number[]>;
  verify(): Promise<void>;
  close(): Promise<void>;
}

async function openSide(
  place: Place,
  gathered: Gathered & { readonly isOneUser: boolean },
  signal: AbortSignal,
): Promise<Side> {
  const { bots, requirePaid } = await seedLongHerd(place, SIZE, gathered);
  const services = await place.services();
  const { deleteBot, close } = await VARIANTS.sagas(services, bots, signal);
  const waiting = [...bots];
  const take = async (count: number) =>
    (await drive(waiting.splice(0, count), 1, deleteBot, signal)).latenciesMs;
  try {
    await take(WARM_UPS);
    await addSagas(services, gathered, signal);
    // What was seeded is written out here, not while deletions are timed.
    await services.db.admin().command({ fsync: 1 });
    await take(WARM_UPS);
  } catch (error) {
    await close();
    throw error;
  }
  return { take, verify: () => requirePaid(services.db), close };
}
