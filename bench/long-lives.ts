// What one deletion costs where much has gathered: in the user's document, in the pool state, in the log. One at a time,
// against the same deletion on a fresh place. The two take turns in blocks: a shared machine that changes its pace changes
// it for both. Where a format has to be written, or read, whole, the goal cannot hold, and the row says so.

import { drive } from './drive.ts';
import type { Environment, Place } from './environment.ts';
import { addSagas, type Gathered, NOTHING, seedLongHerd } from './long-loads.ts';
import type { Row } from './report.ts';
import { median } from './statistics.ts';
import { VARIANTS } from './variants.ts';

interface LifeMeasure {
  /** One deletion on a fresh place: median, ms. */
  readonly smallMs: number;
  /** The same where much has gathered. */
  readonly largeMs: number;
}

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
): Promise<readonly Row[]> {
  const { transactions, poolBots, endedSagas, openSagas } = options;
  const rows: Row[] = [];
  const measure = async (
    key: string,
    name: string,
    large: Partial<Gathered>,
    { goal = GOAL, settings = {} } = {},
  ) => {
    options.say(`a deletion with ${name}`);
    const gathered = { ...NOTHING, ...large };
    const { smallMs, largeMs } = await measureLife(environment, gathered, settings, options);
    rows.push(
      [`${key}Ratio`, largeMs / smallMs, 2, `a deletion with ${name}`, goal],
      [`${key}SmallMs`, smallMs, 1],
      [`${key}LargeMs`, largeMs, 1],
    );
  };
  const inMongodb = { settings: { POOL_STATE: 'mongodb' } };
  const whole = { goal: WHOLE_DOCUMENT };
  await measure('longTransactions', `${transactions} transactions`, { transactions }, whole);
  const inFile = { goal: WHOLE_FILE };
  await measure('longPoolFile', `${poolBots} bots in the file`, { poolBots }, inFile);
  await measure('longPoolMongodb', `${poolBots} bots in MongoDB`, { poolBots }, inMongodb);
  await measure('longEndedSagas', `${endedSagas} ended sagas`, { endedSagas });
  await measure('longOpenSagas', `${openSagas} open sagas`, { openSagas });
  return rows;
}

const GOAL = '<= 1.5';
const WHOLE_DOCUMENT = '<= 1.5, not met: the document is written whole';
const WHOLE_FILE = 'no goal: the file is written whole';

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
