// Four worker processes on one queue against one: what a deletion costs in processor time, the workers' and MongoDB's. On a
// machine of few cores four are no faster than one; what is asked is whether they waste anything on each other. What waits
// together goes out together only within a process, so the commands are counted beside the time.

import type { ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { pause } from '@reclaim/saga';
import { DELETE_BOT } from '../src/deletion/delete-bot.ts';
import type { Services } from '../src/main/compose/services.ts';
import { openCounters } from './counters.ts';
import { drive } from './drive.ts';
import type { Environment } from './environment.ts';
import { acceptDeletion } from './herd.ts';
import { NOTHING, seedLongHerd } from './long-loads.ts';
import { startWorkerProcess, stopProcess } from './own-process.ts';
import type { Row } from './report.ts';
import { median } from './statistics.ts';

/** Of one deletion: medians of the rounds. */
interface Cost {
  /** Processor time, ms. */
  readonly ofWorkers: number;
  readonly ofMongodb: number;
  /** That MongoDB carried out. */
  readonly commands: number;
}

const PROCESSES = 4;
/** Counted once the workers are warm, and until the first of them runs out of work. */
const FROM_SHARE = 0.2;
const TO_SHARE = 0.9;
const CHECK_EVERY_MS = 50;
const END_WITHIN_MS = 300_000;
/** Accepted at once while they are set up. */
const WIDTH = 100;

export interface ScaleOptions {
  readonly rounds: number;
  readonly deletions: number;
  readonly signal: AbortSignal;
}

export async function measureScale(
  environment: Environment,
  options: ScaleOptions,
): Promise<readonly Row[]> {
  const one: Cost[] = [];
  const four: Cost[] = [];
  for (let round = 0; round < options.rounds; round += 1) {
    one.push(await costOfDeletion(environment, 1, options));
    four.push(await costOfDeletion(environment, PROCESSES, options));
  }
  const [byOne, byFour] = [medianOf(one), medianOf(four)];
  const totalMs = ({ ofWorkers, ofMongodb }: Cost) => ofWorkers + ofMongodb;
  const ratio = totalMs(byOne) / totalMs(byFour);
  return [
    ['scaleRatioToOne', ratio, 2, 'four worker processes against one, per CPU second', '>= 0.9'],
    [
      'scaleOneWorkerMs',
      byOne.ofWorkers,
      2,
      'CPU of a deletion, one worker process: the worker, ms',
    ],
    ['scaleOneMongodbMs', byOne.ofMongodb, 2, 'and MongoDB, ms'],
    ['scaleOneCommands', byOne.commands, 1, 'in so many commands'],
    [
      'scaleFourWorkerMs',
      byFour.ofWorkers,
      2,
      'the same of four worker processes: the workers, ms',
    ],
    ['scaleFourMongodbMs', byFour.ofMongodb, 2, 'and MongoDB, ms'],
    ['scaleFourCommands', byFour.commands, 1, 'in so many commands'],
  ];
}

function medianOf(costs: readonly Cost[]): Cost {
  return {
    ofWorkers: median(costs.map(({ ofWorkers }) => ofWorkers)),
    ofMongodb: median(costs.map(({ ofMongodb }) => ofMongodb)),
    commands: median(costs.map(({ commands }) => commands)),
  };
}

function costOfDeletion(
  environment: Environment,
  processes: number,
  { deletions, signal }: ScaleOptions,
): Promise<Cost> {
  return environment.measure(async (place) => {
    const herd = await seedLongHerd(place, deletions, { ...NOTHING, isOneUser: false });
    const services = await place.services();
    await drive(herd.bots, WIDTH, (bot) => acceptDeletion(services, bot), signal);
    const { MONGODB_URI = '', REDIS_URL = '' } = place.env;
    const counters = await openCounters(MONGODB_URI, REDIS_URL);
    const workers = Array.from({ length: processes }, () => startWorkerProcess(place.env));
    const spent = async (): Promise<Cost> => {
      const counted = await counters.read();
      const sent = [...counted].filter(([name]) => name.startsWith('MongoDB command '));
      return {
        ofWorkers: sum(await Promise.all(workers.map(processCpuMs))),
        ofMongodb: counted.get('MongoDB CPU, ms') ?? 0,
        commands: sum(sent.map(([, count]) => count)),
      };
    };
    try {
      const begun = await whenEnded(services, deletions * FROM_SHARE, workers, signal);
      const before = await spent();
      const ended = await whenEnded(services, deletions * TO_SHARE, workers, signal);
      const after = await spent();
      await whenEnded(services, deletions, workers, signal);
      await herd.requirePaid(services.db);
      const each = (of: keyof Cost) => (after[of] - before[of]) / (ended - begun);
      return {
        ofWorkers: each('ofWorkers'),
        ofMongodb: each('ofMongodb'),
        commands: each('commands'),
      };
    } finally {
      await Promise.all(workers.map(stopProcess));
      await counters.close();
    }
  }, IN_MONGODB);
}

/** As several worker processes need it: the file would be written whole by each of them in turn. */
const IN_MONGODB = { POOL_STATE: 'mongodb' };

/** @returns how many deletions have ended, at least `count` of them. */
async function whenEnded(
  { db }: Services,
  count: number,
  workers: readonly ChildProcess[],
  signal: AbortSignal,
): Promise<number> {
  const endMs = performance.now() + END_WITHIN_MS;
  const sagas = db.collection('sagas');
  while (performance.now() < endMs) {
    // The workers also begin runs of their own: over all users, and restarts.
    const ended = await sagas.countDocuments({ kind: DELETE_BOT, open: false });
    if (ended >= count) return ended;
    const gone = workers.find(({ exitCode }) => exitCode !== null);
    if (gone !== undefined) throw new Error(`a worker ended with ${gone.exitCode}`);
    await pause(CHECK_EVERY_MS, signal);
  }
  throw new Error(`not ${count} deletions ended within ${END_WITHIN_MS} ms`);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

/** Of Linux: a clock tick is ten milliseconds there. */
const TICK_MS = 10;

async function processCpuMs({ pid = 0 }: ChildProcess): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // After the name, which may hold blanks: state, then numbers; the 12th and 13th are user and system time.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}
