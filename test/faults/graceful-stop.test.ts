// A process that is told to end, ends: within ten seconds, whatever is away, and with nothing lost that was
// promised (I7, I10). Real processes, with a wire to MongoDB and to Valkey that can be frozen or cut.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { startTestApplication, type TestApplication } from '../support/application.ts';
import { childEnv } from '../support/child-env.ts';
import { acceptDelete, injectFaults, jobIn, placeBot } from '../support/deletions.ts';
import { createTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { waitFor } from '../support/wait-for.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Two starts of a process, a stop, and the rest of a deletion. */
const TEST_TIMEOUT_MS = 60_000;
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

describe('a worker in the middle of a deletion, told to end', () => {
  for (const [situation, breakIt] of Object.entries(AWAY)) {
    it(
      `${situation}: gone within ten seconds, and another worker finishes`,
      async () => {
        const app = await startTestApplication({
          env: { WORKERS: 'none', STOP_TIMEOUT_MS: '60000' },
        });
        const wired = await startWired(app, 'workers/all.ts');
        const bot = await placeBot(app, 'dedicated');
        await injectFaults(app, bot, { refuseStop: true });
        const id = await acceptDelete(app, bot);
        await jobIn(app, bot.uid, id, 'running');
        breakIt(wired);
        expect(await endOf(wired.child)).toBeLessThan(GRACE_MS);
        await injectFaults(app, bot, null);
        await startWired(app, 'workers/all.ts');
        const job = await jobIn(app, bot.uid, id, 'completed');
        expect(job.result.wallet).toMatchObject({ returned: 110, newBalance: 160 });
      },
      TEST_TIMEOUT_MS,
    );
  }
});

describe('a server, told to end', () => {
  for (const situation of ['everything up', 'both frozen']) {
    it(
      `${situation}: gone within ten seconds`,
      async () => {
        const app = await startTestApplication({ env: { WORKERS: 'none' } });
        const wired = await startWired(app, 'src/main/server.ts');
        AWAY[situation]?.(wired);
        expect(await endOf(wired.child)).toBeLessThan(GRACE_MS);
      },
      TEST_TIMEOUT_MS,
    );
  }
});
