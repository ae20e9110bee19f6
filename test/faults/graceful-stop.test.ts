// A process that is told to end, ends: within ten seconds, whatever is away, and with nothing lost that was
// promised (I7, I10). Real processes, with a wire to MongoDB and to Valkey that can be frozen or cut.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, inject, it, onTestFinished } from 'vitest';
import { startBeside, startTestApplication, type TestApplication } from '../support/application.ts';
import { childEnv } from '../support/child-env.ts';
import { acceptDelete, injectFaults, jobIn, placeBot } from '../support/deletions.ts';
import { createTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { waitFor } from '../support/wait-for.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Starts of six processes, their stops, and the rests of their deletions. */
const TEST_TIMEOUT_MS = 180_000;
/** What process managers grant before they kill. */
const GRACE_MS = 10_000;

interface Wired {
  readonly mongodb: TcpProxy;
  readonly redis: TcpProxy;
  readonly child: ChildProcess;
}

async function startWired(app: TestApplication, entry: string): Promise<Wired> {
  const mongodbUri = new URL(String(app.env.MONGODB_URI));
  const redisUrl = new URL(inject('redisUrl'));
  const mongodb = await createTcpProxy({
    host: mongodbUri.hostname,
    port: Number(mongodbUri.port),
  });
  const redis = await createTcpProxy({ host: redisUrl.hostname, port: Number(redisUrl.port) });
  mongodbUri.port = String(mongodb.port);
  redisUrl.port = String(redis.port);
  const child = spawn(process.execPath, [entry], {
    cwd: ROOT,
    env: {
      ...childEnv(),
      ...app.env,
      MONGODB_URI: mongodbUri.href,
      REDIS_URL: redisUrl.href,
      LOG_LEVEL: 'info',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  });
  let said = '';
  child.stdout?.on('data', (bytes: Buffer) => {
    said += bytes.toString('utf8');
  });
  await waitFor(`${entry} to run`, async () => /"working"|Server listening/.test(said));
  return { mongodb, redis, child };
}

/** @returns how long it took. */
async function endOf(child: ChildProcess): Promise<number> {
  const gone = once(child, 'exit');
  const begunMs = performance.now();
  child.kill('SIGTERM');
  await gone;
  return performance.now() - begunMs;
}

const AWAY: Readonly<Record<string, (wired: Wired) => void>> = {
  'everything up': () => undefined,
  'Valkey frozen': ({ redis }) => redis.freeze(),
  'Valkey gone': ({ redis }) => redis.cut(),
  'MongoDB frozen': ({ mongodb }) => mongodb.freeze(),
  'MongoDB gone': ({ mongodb }) => mongodb.cut(),
  'both frozen': ({ mongodb, redis }) => {
    mongodb.freeze();
    redis.freeze();
  },
};

/** It does not stop its bot, and tries. */
async function startBusyWorker() {
  const app = await startTestApplication({ env: { WORKERS: 'none', STOP_TIMEOUT_MS: '60000' } });
  const wired = await startWired(app, 'workers/all.ts');
  const bot = await placeBot(app, 'dedicated');
  await injectFaults(app, bot, { refuseStop: true });
  const id = await acceptDelete(app, bot);
  await jobIn(app, bot.uid, id, 'running');
  return { app, bot, id, wired };
}

/** All at once: most of the time is spent on waiting for what is away. @returns how long each took, by its situation. */
async function endAll(all: ReadonlyMap<string, Wired>): Promise<Record<string, number>> {
  const ends = [...all].map(async ([situation, wired]) => {
    AWAY[situation]?.(wired);
    return [situation, await endOf(wired.child)] as const;
  });
  return Object.fromEntries(await Promise.all(ends));
}

function expectPrompt(tookMs: Readonly<Record<string, number>>): void {
  const late = Object.entries(tookMs).filter(([, ms]) => ms >= GRACE_MS);
  expect(late).toEqual([]);
}

it(
  'a worker in the middle of a deletion, told to end, whatever is away: gone within ten seconds, and another worker finishes',
  async () => {
    const busy = new Map<string, Awaited<ReturnType<typeof startBusyWorker>>>();
    for (const situation of Object.keys(AWAY)) busy.set(situation, await startBusyWorker());
    expectPrompt(await endAll(new Map([...busy].map(([name, { wired }]) => [name, wired]))));
    for (const [situation, { app, bot, id }] of busy) {
      await injectFaults(app, bot, null);
      await startBeside(app, { WORKERS: 'inline' });
      const job = await jobIn(app, bot.uid, id, 'completed');
      const wallet = { returned: 110, newBalance: 160 };
      expect(job.result.wallet, situation).toMatchObject(wallet);
    }
  },
  TEST_TIMEOUT_MS,
);

it(
  'a server, told to end, with everything up or away: gone within ten seconds',
  async () => {
    const servers = new Map<string, Wired>();
    for (const situation of ['everything up', 'both frozen']) {
      const app = await startTestApplication({ env: { WORKERS: 'none' } });
      servers.set(situation, await startWired(app, 'src/main/server.ts'));
    }
    expectPrompt(await endAll(servers));
  },
  TEST_TIMEOUT_MS,
);
