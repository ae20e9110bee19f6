// One run: ground, town and system; load and faults side by side for the time that was asked for; then peace, and
// judgement.

import { type Environment, openEnvironment } from './environment.ts';
import { directFaults } from './faults/director.ts';
import { createFaultSource } from './faults/fault-source.ts';
import type { Recovery } from './faults/recovery.ts';
import { insist } from './insist.ts';
import { letAdministratorsWork } from './load/administrators.ts';
import { takeCensus } from './load/census.ts';
import { createClient } from './load/client.ts';
import { startPlatform } from './load/platform.ts';
import { createPromises } from './load/promises.ts';
import { letUsersLive } from './load/users.ts';
import { startWatchers } from './load/watchers.ts';
import { judgeAudit, judgeFindings } from './oracle/books.ts';
import { judgeBots } from './oracle/bots.ts';
import { collectEvidence, type Evidence } from './oracle/evidence.ts';
import { judgeJobs } from './oracle/jobs.ts';
import { judgeMoney } from './oracle/money.ts';
import { createRandom } from './random.ts';
import { settleDown } from './settle-down.ts';
import { type System, startSystem } from './system.ts';
import { createTally } from './tally.ts';
import { foundTown } from './town.ts';
import { createVerdict, type Violation } from './verdict.ts';

export interface RunOptions {
  readonly minutes: number;
  readonly seed: number;
  /** The folder with data and logs outlives the run. */
  readonly isKept: boolean;
  readonly say: (line: string) => void;
  /** The run was told to end: nothing is judged any more. */
  readonly signal: AbortSignal;
}

export interface RunReport {
  readonly seed: number;
  readonly seconds: number;
  readonly folder: string;
  /** By kind and end. */
  readonly sagas: Readonly<Record<string, number>>;
  readonly faults: Readonly<Record<string, number>>;
  /** Why sagas stood still before they were sent on. */
  readonly stuck: Readonly<Record<string, number>>;
  readonly polls: number;
  /** Claims beyond a saga's first: sleepers that woke, and work taken over. */
  readonly claimsAgain: number;
  readonly recoveries: readonly Recovery[];
  readonly counts: Readonly<Record<string, number>>;
  readonly violations: readonly Violation[];
}

const WORKERS = 2;
const USERS = 48;

export async function runSoak(options: RunOptions): Promise<RunReport> {
  const environment = await openEnvironment(options);
  const ends: (() => Promise<void>)[] = [() => environment.close()];
  try {
    return await runOn(environment, options, (end) => ends.unshift(end));
  } finally {
    for (const end of ends) await end();
  }
}

async function runOn(
  environment: Environment,
  options: RunOptions,
  onEnd: (end: () => Promise<void>) => void,
): Promise<RunReport> {
  const { seed, minutes, say, signal } = options;
  const random = createRandom(seed);
  const verdict = createVerdict();
  const faults = createTally();
  const stuck = createTally();
  const { db, folder, poolStateFile } = environment;
  const town = await foundTown(db, poolStateFile, USERS);
  const system = await startSystem({
    soakEnvironment: environment,
    workers: WORKERS,
    random,
    verdict,
  });
  onEnd(() => system.stop());
  const client = await createClient(system.url, folder);
  await ready(system, signal);
  const startedMs = performance.now();

  const census = takeCensus(db);
  onEnd(() => census.stop());
  const promises = createPromises();
  const faultSource = createFaultSource(db, random.fork('faultSource'), faults);
  const time = AbortSignal.any([signal, AbortSignal.timeout(minutes * 60_000)]);
  const shared = { client, census, promises, verdict, signal: time };
  const platform = startPlatform({
    ...{ db, poolStateFile, town, census, faults, signal: time },
    random: random.fork('platform'),
  });
  const watchers = startWatchers({ ...shared, random: random.fork('watchers') });
  const context = { environment, system, platform, faultSource, town, census, faults };
  say(`seed ${seed}: load and faults for ${minutes} minute(s)`);
  const [recoveries] = await Promise.all([
    directFaults({ ...context, random: random.fork('faults'), signal: time }),
    letUsersLive(town, { ...shared, faultSource, random: random.fork('users') }),
    letAdministratorsWork({ ...shared, stuck, random: random.fork('administrators') }),
    watchers.stopped,
    platform.stopped,
  ]);
  signal.throwIfAborted();
  say('nothing breaks any more: everything comes to its end');
  await insist(() => faultSource.clear());
  await settleDown({ ...shared, environment, stuck, signal });
  say('judging');
  await judgeAudit(client, verdict, signal);
  const evidence = await insist(() => collectEvidence(environment, town));
  judgeMoney(evidence, platform, verdict);
  judgeBots(evidence, faultSource, verdict);
  judgeJobs(evidence, promises, watchers.shown, verdict);
  judgeFindings(evidence, verdict);
  return {
    seed,
    seconds: Math.round((performance.now() - startedMs) / 1_000),
    folder,
    ...countSagas(evidence),
    faults: faults.all(),
    stuck: stuck.all(),
    polls: watchers.polls(),
    recoveries,
    counts: verdict.counts(),
    violations: verdict.all(),
  };
}

async function ready({ url }: System, signal: AbortSignal): Promise<void> {
  await insist(async () => {
    signal.throwIfAborted();
    const { ok } = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) });
    if (!ok) throw new Error('the API is not ready');
  });
}

function countSagas({ sagas }: Evidence): Pick<RunReport, 'sagas' | 'claimsAgain'> {
  const tally = createTally();
  for (const { kind, phase } of sagas) tally.add(`${kind} ${phase}`);
  const claimsAgain = sagas.reduce((sum, { epoch }) => sum + Math.max(0, epoch - 1), 0);
  return { sagas: tally.all(), claimsAgain };
}
