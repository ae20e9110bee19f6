// What one worker process weighs with many sagas open: Docker is away, so every saga gets as far as it can
// and then sleeps, is woken, finds Docker still away, and sleeps again. The worst hour of a worker's life.

import type { ChildProcess } from 'node:child_process';
import { pause } from '@reclaim/saga';
import { SIMULATED_HOST } from '../src/bots/simulator/simulated-bots.ts';
import { DELETE_BOT } from '../src/deletion/delete-bot.ts';
import type { DeleteBotInput } from '../src/deletion/delete-bot-input.ts';
import type { Services } from '../src/main/compose/services.ts';
import { createSimulatedWorld } from '../test/support/simulated-world.ts';
import type { Environment } from './environment.ts';
import { type HerdBot, seedUsers } from './herd.ts';
import { residentMb, startWorkerProcess, stopProcess } from './own-process.ts';
import type { Row } from './report.ts';

export interface MemoryOptions {
  readonly sagas: number;
  /** The process is believed to have settled when it has begun this many sagas and then grown no more. */
  readonly begun: number;
  readonly signal: AbortSignal;
}

const HOUR_MS = 3_600_000;
const SAMPLE_EVERY_MS = 500;
/** Settled: this many samples in a row (5 s) stay within this part of their largest. */
const STEADY_SAMPLES = 10;
const STEADY_WITHIN = 0.05;
const SETTLE_WITHIN_MS = 180_000;
/** Sagas begun at once while they are set up. */
const WIDTH = 500;

/** The largest resident set of the settled process. */
export function measureWorkerMemory(
  environment: Environment,
  options: MemoryOptions,
): Promise<readonly Row[]> {
  return environment.measure(async (place) => {
    const services = await place.services();
    const { db } = services;
    const bots = await seedUsers(db, place.writePoolState, options.sagas);
    await createSimulatedWorld(db).injectFaults({ host: SIMULATED_HOST }, { unreachable: true });
    for (let first = 0; first < bots.length; first += WIDTH) {
      options.signal.throwIfAborted();
      await Promise.all(bots.slice(first, first + WIDTH).map((bot) => begin(services, bot)));
    }
    const worker = startWorkerProcess(place.env);
    try {
      const mb = await settledMb(services, worker, options);
      return [
        ['workerMemoryMb', mb, 1, `a worker with ${options.sagas} sagas open, MB`, '< 200'],
      ] as const;
    } finally {
      await stopProcess(worker);
    }
  });
}

async function begin({ sagas }: Services, { userId, firebaseUid, instanceId }: HerdBot) {
  const policy = { onStopFailure: 'hold', stopTimeoutMs: HOUR_MS } as const;
  await sagas.start({
    kind: DELETE_BOT,
    subject: userId,
    requestedBy: firebaseUid,
    input: { userId, firebaseUid, instanceId, ...policy } satisfies DeleteBotInput,
  });
}

async function settledMb(
  { db }: Services,
  worker: ChildProcess,
  { sagas, begun, signal }: MemoryOptions,
): Promise<number> {
  const endMs = performance.now() + SETTLE_WITHIN_MS;
  const collection = db.collection('sagas');
  const samples: number[] = [];
  while (performance.now() < endMs) {
    await pause(SAMPLE_EVERY_MS, signal);
    signal.throwIfAborted();
    if (worker.exitCode !== null) throw new Error(`the worker ended with ${worker.exitCode}`);
    samples.push(await residentMb(worker));
    const latest = samples.slice(-STEADY_SAMPLES);
    const largest = Math.max(...latest);
    const isSteady = Math.min(...latest) >= largest * (1 - STEADY_WITHIN);
    if (samples.length < STEADY_SAMPLES || !isSteady) continue;
    if ((await collection.countDocuments({ epoch: { $gte: 1 } })) < begun) continue;
    const open = await collection.countDocuments({ open: true });
    if (open !== sagas) throw new Error(`${open} of ${sagas} sagas are open`);
    return largest;
  }
  throw new Error(`the worker's memory has not settled: ${samples.slice(-STEADY_SAMPLES)} MB`);
}
