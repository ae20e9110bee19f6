// `npm run bench`: how fast deletions are beside their bare effects, how soon they are accepted, what a
// worker weighs. On embedded servers, or on those of MONGODB_URI and REDIS_URL. Nothing here passes or
// fails by the clock: the goals stand beside the numbers, and a person judges.
//   --quick         one round of the same size, within a minute
//   --json          one JSON object on the last line of stdout
//   --only=<part>   one of the parts below, or a contestant alone, for a profiler: sagas, floor, bullmq, engine-floor, …
//   --commands      with --only=sagas (or another contestant): what one costs in commands, bytes and journal syncs
//   --chain         the commands of one deletion alone: when each is sent, and how long it takes

import { parseArgs } from 'node:util';
import { measureAccept } from './accept.ts';
import { drawChains } from './chain.ts';
import { countCommands, toCommandTable } from './commands.ts';
import { type CompareOptions, compare } from './compare.ts';
import { CONTESTANTS, isContestant } from './contestants.ts';
import { type Environment, openEnvironment } from './environment.ts';
import { measureFair } from './fair.ts';
import { measureLongLives } from './long-lives.ts';
import { measureOneSync } from './one-sync.ts';
import { measurePage } from './page.ts';
import { measurePoolFile } from './pool-file.ts';
import { measurePooled } from './pooled.ts';
import { type Row, toJson, toTable } from './report.ts';
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

type Part = (environment: Environment, scale: Scale) => Promise<readonly Row[]>;

const OPEN_SAGAS = 10_000;
const STREAMS = 500;
const GATHERED = { transactions: 50_000, poolBots: 100_000, openSagas: OPEN_SAGAS } as const;

/** In this order, where no one of them is named. */
const PARTS: Readonly<Record<string, Part>> = {
  deletions: (environment, scale) =>
    compare(environment, { ...scale, variants: ['sagas', 'floor', 'bullmq'] }),
  // The peers' saga of four steps by the engine alone, its bare effects, and a bare BullMQ job.
  engine: (environment, scale) =>
    compare(environment, { ...scale, variants: ['engine', 'engine-floor', 'engine-bullmq'] }),
  accept: (environment, { accepts }) => measureAccept(environment, accepts),
  memory: (environment, { begun, signal }) =>
    measureWorkerMemory(environment, { sagas: OPEN_SAGAS, begun, signal }),
  streams: (environment, { watched: deletions, signal }) =>
    measureStreams(environment, { streams: STREAMS, deletions, signal }),
  // One user's deletion behind another's thousand.
  fair: (environment, { signal }) => measureFair(environment, signal),
  // Four worker processes on one queue against one.
  scale: (environment, { rounds, scaled: deletions, signal }) =>
    measureScale(environment, { rounds, deletions, signal }),
  // One deletion where much has gathered, against a fresh place.
  long: (environment, { endedSagas, signal, say }) =>
    measureLongLives(environment, { ...GATHERED, endedSagas, signal, say }),
  'pool-file': () => measurePoolFile(),
  sync: async (environment, { syncedUsers: users, syncs: rounds, signal, say }) => [
    ...(await measureSyncAll(environment, { users, signal })),
    ...(await measureOneSync(environment, { rounds, signal, say })),
  ],
  // On Docker.
  pooled: (environment, { pooled: rounds, signal, say }) =>
    measurePooled(environment, { rounds, signal, say }),
  // The portfolio in a browser.
  page: (environment, { pooled: rounds, signal, say }) =>
    measurePage(environment, { rounds, signal, say }),
};

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
    chain: { type: 'boolean', default: false },
  },
});
const { signal } = stopping;

try {
  if (values.chain) await draw();
  else await (values.commands ? count(values.only ?? 'sagas') : run(values.only));
} catch (error) {
  console.error(signal.aborted ? String(signal.reason) : error);
  process.exitCode = signal.aborted ? 130 : 1;
}

function say(line: string): void {
  console.error(line);
}

async function onServers(
  work: (environment: Environment) => Promise<void>,
  monitorsCommands = false,
): Promise<void> {
  const { MONGODB_URI: mongodbUri, REDIS_URL: redisUrl } = process.env;
  const options = { mongodbUri, redisUrl, signal, onProgress: say, monitorsCommands };
  const environment = await openEnvironment(options);
  try {
    await work(environment);
  } finally {
    await environment.close();
  }
}

function draw(): Promise<void> {
  return onServers(async (environment) => {
    console.log(await drawChains(environment, { signal, say }));
  }, true);
}

function count(only: string): Promise<void> {
  if (!isContestant(only)) throw unknown(Object.keys(CONTESTANTS));
  return onServers(async (environment) => {
    const counts = await countCommands(environment, CONTESTANTS[only], { signal, say });
    console.log(toCommandTable(counts));
    if (!values.json) return;
    const levels = [...counts].map(([level, costs]) => [level, Object.fromEntries(costs)]);
    console.log(JSON.stringify(Object.fromEntries(levels)));
  });
}

function run(only: string | undefined): Promise<void> {
  const parts = only === undefined ? Object.entries(PARTS) : [[only, partNamed(only)] as const];
  return onServers(async (environment) => {
    const scale = { ...(values.quick ? SCALES.quick : SCALES.full), signal, say };
    const rows: Row[] = [];
    for (const [name, part] of parts) {
      say(name);
      signal.throwIfAborted();
      rows.push(...(await part(environment, scale)));
    }
    console.log(toTable(rows));
    if (values.json) console.log(toJson(rows));
  });
}

function partNamed(only: string): Part {
  const part = PARTS[only];
  if (part !== undefined) return part;
  if (!isContestant(only)) throw unknown([...Object.keys(PARTS), ...Object.keys(CONTESTANTS)]);
  return (environment, scale) => compare(environment, { ...scale, variants: [only] });
}

function unknown(known: readonly string[]): Error {
  return new Error(`--only takes ${known.join(', ')}`);
}
