// `npm run bench`: how fast deletions are beside their bare effects, how soon they are accepted, what a
// worker weighs. On embedded servers, or on those of MONGODB_URI and REDIS_URL. Nothing here passes or
// fails by the clock: the goals stand beside the numbers, and a person judges.
//   --quick         one round of the same size, within a minute
//   --json          one JSON object on the last line of stdout
//   --only=sagas    that contestant alone: for a profiler. Also floor, bullmq, engine-floor and engine-bullmq
//   --only=engine   the peers' saga of four steps by the engine alone, its bare effects, and a bare BullMQ job
//   --commands      with --only=sagas (or another contestant): what one costs in commands, bytes and journal syncs
//   --only=sync     the synchronisations alone
//   --only=pooled   a pooled bot on Docker alone
//   --only=streams  open event streams alone
//   --only=page     the portfolio in a browser
//   --only=fair     one user's deletion behind another's thousand
//   --only=scale    four worker processes on one queue against one
//   --only=long     one deletion where much has gathered, against a fresh place

import { parseArgs } from 'node:util';
import { measureAccept } from './accept.ts';
import { countCommands, toCommandTable } from './commands.ts';
import { type CompareOptions, compare } from './compare.ts';
import { CONTESTANTS, contestantNamed } from './contestants.ts';
import { type Environment, openEnvironment } from './environment.ts';
import { measureFair } from './fair.ts';
import { measureLongLives } from './long-lives.ts';
import { measureOneSync } from './one-sync.ts';
import { measurePage } from './page.ts';
import { measurePoolFile } from './pool-file.ts';
import { measurePooled } from './pooled.ts';
import { type Measures, toFigures, toTable } from './report.ts';
import { measureScale } from './scale.ts';
import { measureStreams } from './streams.ts';
import { measureSyncAll } from './sync-all.ts';
import { measureWorkerMemory } from './worker-memory.ts';

const SCALES = {
  full: {
    ...{ rounds: 3, warmUps: 300, alone: 100, together: 2_000, accepts: 300, begun: 10_000 },
    ...{ syncedUsers: 100_000, syncs: 30, pooled: 15, watched: 300, endedSagas: 1_000_000 },
    scaled: 3_000,
  },
  quick: {
    ...{ rounds: 1, warmUps: 300, alone: 40, together: 2_000, accepts: 150, begun: 500 },
    ...{ syncedUsers: 20_000, syncs: 10, pooled: 5, watched: 150, endedSagas: 100_000 },
    scaled: 1_500,
  },
} as const;
const DELETIONS = ['sagas', 'floor', 'bullmq'] as const;
const PEERS = ['engine', 'engine-floor', 'engine-bullmq'] as const;
const OPEN_SAGAS = 10_000;
const OPEN_STREAMS = 500;
const GATHERED = { transactions: 50_000, poolBots: 100_000, openSagas: OPEN_SAGAS } as const;

const stopping = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => stopping.abort(new Error(`ended by ${name}`)));
}

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    only: { type: 'string' },
    commands: { type: 'boolean', default: false },
  },
});

try {
  if (values.commands) await count();
  else {
    const figures = toFigures(await run());
    console.log(toTable(figures));
    if (values.json) console.log(JSON.stringify(figures));
  }
} catch (error) {
  console.error(stopping.signal.aborted ? String(stopping.signal.reason) : error);
  process.exitCode = stopping.signal.aborted ? 130 : 1;
}

function say(line: string): void {
  console.error(line);
}

function open(): Promise<Environment> {
  const { MONGODB_URI: mongodbUri, REDIS_URL: redisUrl } = process.env;
  return openEnvironment({ mongodbUri, redisUrl, signal: stopping.signal, onProgress: say });
}

async function count(): Promise<void> {
  const contestant = CONTESTANTS[contestantNamed(values.only ?? 'sagas')];
  const environment = await open();
  try {
    const counts = await countCommands(environment, contestant, {
      signal: stopping.signal,
      onTurn: say,
    });
    console.log(toCommandTable(counts));
    if (values.json) {
      const levels = [...counts].map(([level, costs]) => [level, Object.fromEntries(costs)]);
      console.log(JSON.stringify(Object.fromEntries(levels)));
    }
  } finally {
    await environment.close();
  }
}

async function run(): Promise<Measures> {
  const { signal } = stopping;
  const environment = await open();
  try {
    const scale = values.quick ? SCALES.quick : SCALES.full;
    const options = { ...scale, signal, onTurn: say };
    if (values.only === undefined) return await measureAll(environment, options);
    if (values.only === 'sync')
      return { variants: {}, ...(await measureSyncs(environment, options)) };
    if (values.only === 'pooled')
      return { variants: {}, ...(await measureOnePooled(environment, options)) };
    if (values.only === 'streams')
      return { variants: {}, ...(await measureWatchers(environment, options)) };
    if (values.only === 'fair')
      return { variants: {}, ...(await measureShares(environment, options)) };
    if (values.only === 'scale')
      return { variants: {}, ...(await measureWorkers(environment, options)) };
    if (values.only === 'long')
      return { variants: {}, ...(await measureLong(environment, options)) };
    if (values.only === 'page')
      return { variants: {}, ...(await measurePages(environment, options)) };
    const variants = values.only === 'engine' ? PEERS : [contestantNamed(values.only)];
    return { variants: await compare(environment, { ...options, variants }) };
  } finally {
    await environment.close();
  }
}

type Scale = Omit<CompareOptions, 'variants'> & {
  readonly accepts: number;
  readonly begun: number;
  readonly syncedUsers: number;
  readonly syncs: number;
  readonly pooled: number;
  /** Deletions timed in each turn beside the open streams. */
  readonly watched: number;
  readonly endedSagas: number;
  /** Deletions of one round of four worker processes, and of one. */
  readonly scaled: number;
};

async function measureAll(environment: Environment, scale: Scale): Promise<Measures> {
  const { signal, begun, onTurn } = scale;
  const deletions = await compare(environment, { ...scale, variants: DELETIONS });
  const variants = { ...deletions, ...(await compare(environment, { ...scale, variants: PEERS })) };
  onTurn('accepting');
  const accept = await measureAccept(environment, scale.accepts);
  onTurn(`a worker with ${OPEN_SAGAS} open sagas`);
  const workerMemoryMb = await measureWorkerMemory(environment, {
    sagas: OPEN_SAGAS,
    begun,
    signal,
  });
  const streams = await measureWatchers(environment, scale);
  const fair = await measureShares(environment, scale);
  const workers = await measureWorkers(environment, scale);
  const long = await measureLong(environment, scale);
  onTurn('the pool file');
  signal.throwIfAborted();
  const poolFile = await measurePoolFile();
  const syncs = await measureSyncs(environment, scale);
  const pooled = await measureOnePooled(environment, scale);
  const page = await measurePages(environment, scale);
  return {
    variants,
    accept,
    workerMemoryMb,
    poolFile,
    ...fair,
    ...workers,
    ...long,
    ...page,
    ...streams,
    ...syncs,
    ...pooled,
  };
}

async function measureSyncs(
  environment: Environment,
  { signal, onTurn, syncedUsers: users, syncs }: Scale,
): Promise<Pick<Measures, 'syncAll' | 'oneSync'>> {
  onTurn(`a run over ${users} users`);
  const syncAll = await measureSyncAll(environment, { users, signal });
  onTurn('one user on Docker');
  const oneSync = await measureOneSync(environment, { rounds: syncs, signal, say: onTurn });
  return { syncAll, ...(oneSync === null ? {} : { oneSync }) };
}

async function measureWatchers(
  environment: Environment,
  { signal, onTurn, watched: deletions }: Scale,
): Promise<Pick<Measures, 'streams'>> {
  onTurn(`${OPEN_STREAMS} event streams`);
  return {
    streams: await measureStreams(environment, { streams: OPEN_STREAMS, deletions, signal }),
  };
}

async function measureShares(
  environment: Environment,
  { signal, onTurn }: Scale,
): Promise<Pick<Measures, 'fair'>> {
  onTurn("one user's deletion behind another's thousand");
  return { fair: await measureFair(environment, signal) };
}

async function measureWorkers(
  environment: Environment,
  { signal, onTurn, rounds, scaled: deletions }: Scale,
): Promise<Pick<Measures, 'scale'>> {
  onTurn('four worker processes against one');
  return { scale: await measureScale(environment, { rounds, deletions, signal }) };
}

async function measureLong(
  environment: Environment,
  { signal, onTurn: say, endedSagas }: Scale,
): Promise<Pick<Measures, 'long'>> {
  return { long: await measureLongLives(environment, { ...GATHERED, endedSagas, signal, say }) };
}

async function measurePages(
  environment: Environment,
  { signal, onTurn, pooled: rounds }: Scale,
): Promise<Pick<Measures, 'page'>> {
  onTurn('the portfolio in a browser');
  const page = await measurePage(environment, { rounds, signal, say: onTurn });
  return page === null ? {} : { page };
}

async function measureOnePooled(
  environment: Environment,
  { signal, onTurn, pooled: rounds }: Scale,
): Promise<Pick<Measures, 'pooled'>> {
  onTurn('a pooled bot on Docker');
  const pooled = await measurePooled(environment, { rounds, signal, say: onTurn });
  return pooled === null ? {} : { pooled };
}
