// A run over all users: how fast allocations are judged, what the process weighs, and whether both grow as they
// should; beside a straightforward loop that synchronises user by user, with one listing and one document save each.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ObjectId } from 'mongodb';
import { connectMongo } from '../src/infra/mongodb/connect.ts';
import { BOTS_EACH, crowdBots, crowdPoolState, seedCrowd, uidOf } from './crowd.ts';
import type { Environment } from './environment.ts';
import { HEAP_LIMITS } from './own-process.ts';
import type { Row } from './report.ts';

export interface SyncAllOptions {
  readonly users: number;
  readonly signal: AbortSignal;
}

const SURVEY = fileURLToPath(new URL('survey-process.ts', import.meta.url));
/** The loop's pace shows soon. */
const LOOP_USERS = 1_000;

export async function measureSyncAll(
  environment: Environment,
  { users, signal }: SyncAllOptions,
): Promise<readonly Row[]> {
  const few = await surveyOf(environment, users / 10, signal);
  const many = await surveyOf(environment, users, signal);
  const allocations = users * BOTS_EACH;
  const perSecond = allocations / many.seconds;
  const perCpu = allocations / many.cpuSeconds;
  const growth = many.seconds / (few.seconds * 10);
  const toLoop = perSecond / many.loopPerSecond;
  return [
    ['syncAllPerCpuSec', perCpu, 0, 'allocations judged per second of one core', '>= 50000'],
    ['syncAllPerSec', perSecond, 0, 'allocations judged per second'],
    ['syncAllPeakMb', many.peakMb, 1, 'the process of a run over all users, MB', '< 300'],
    ['syncAllGrowth', growth, 2, 'time per user against a tenth of the users', 'about 1'],
    ['syncAllRatioToLoop', toLoop, 1, 'a run over all against user by user', '> 1'],
    ['syncAllFoundShare', many.orphans / (allocations / 100), 3],
  ];
}

interface Surveyed {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMb: number;
  readonly orphans: number;
  readonly loopPerSecond: number;
}

function surveyOf(environment: Environment, users: number, signal: AbortSignal): Promise<Surveyed> {
  return environment.measure(async ({ env, services, writePoolState }) => {
    const { db } = await services();
    await seedCrowd(db, users);
    await writePoolState(crowdPoolState(users));
    const { stdout } = await promisify(execFile)(process.execPath, [...HEAP_LIMITS, SURVEY], {
      env: { PATH: process.env.PATH, ...env, USERS: String(users) },
      signal,
    });
    const loopPerSecond = await loop(env.MONGODB_URI ?? '', users, signal);
    return { ...(JSON.parse(stdout) as Omit<Surveyed, 'loopPerSecond'>), loopPerSecond };
  });
}

// What somebody would write first: for each user list Docker, read the document, save it.
async function loop(uri: string, users: number, signal: AbortSignal): Promise<number> {
  const db = await connectMongo(uri);
  try {
    const collection = db.collection('users');
    const bots = crowdBots(users);
    const startedMs = performance.now();
    const size = Math.min(LOOP_USERS, users);
    for (let index = 0; index < size; index += 1) {
      signal.throwIfAborted();
      await Promise.all(bots.hosts().map((host) => bots.list(host, uidOf(index), { signal })));
      const _id = new ObjectId(index.toString(16).padStart(24, '0'));
      const user = await collection.findOne({ _id });
      if (user !== null) await collection.replaceOne({ _id }, user);
    }
    return (size * BOTS_EACH) / ((performance.now() - startedMs) / 1_000);
  } finally {
    await db.client.close();
  }
}
