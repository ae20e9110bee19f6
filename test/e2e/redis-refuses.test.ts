// A Redis that answers and takes nothing: demoted in place behind an unchanged address, or out of memory. I7: DELETE is
// 202 all the same; readiness names it; a log line a change, not one an error. I10: over again, everything ends.

import { Writable } from 'node:stream';
import { Redis } from 'ioredis';
import { expect, it, onTestFinished } from 'vitest';
import { sagasOf } from '../../packages/saga/test/support/saga-log.ts';
import { createLogger } from '../../src/infra/log/logger.ts';
import { startTestApplication, type TestApplication } from '../support/application.ts';
import {
  acceptDelete,
  injectFaults,
  jobIn,
  ownEntries,
  type PlacedBot,
  placeBot,
} from '../support/deletions.ts';
import { createTcpProxy } from '../support/tcp-proxy.ts';
import { createTestValkey } from '../support/valkey.ts';
import { waitFor } from '../support/wait-for.ts';

interface LogLine {
  readonly msg: string;
  readonly trouble?: string;
  readonly troubles?: readonly string[];
}

const TROUBLE = 'redis does not serve the queues';
const OVER = 'redis serves the queues again';

async function setUp() {
  const valkey = await createTestValkey();
  const address = { host: '127.0.0.1', port: Number(new URL(valkey.url).port) };
  const proxy = await createTcpProxy(address);
  const lines: LogLine[] = [];
  const sink = new Writable({
    write: (line, _encoding, done) => {
      lines.push(JSON.parse(String(line)));
      done();
    },
  });
  const app = await startTestApplication({
    env: { REDIS_URL: `redis://127.0.0.1:${proxy.port}` },
    log: createLogger('warn', sink),
  });
  const said = (msg: string) => lines.filter((line) => line.msg === msg);
  return { address, app, said, lines, admin: adminOf(valkey.url) };
}

function adminOf(url: string): Redis {
  const redis = new Redis(url);
  onTestFinished(() => redis.disconnect());
  return redis;
}

async function degraded({ url }: TestApplication): Promise<readonly string[]> {
  const response = await fetch(`${url}/readyz`);
  expect(response.status).toBe(200);
  const body = (await response.json()) as { readonly degraded: readonly string[] };
  return body.degraded;
}

async function accept(app: TestApplication, uid: string): Promise<[PlacedBot, string]> {
  const bot = await placeBot(app, 'dedicated', { uid });
  return [bot, await acceptDelete(app, bot)];
}

it('the primary is demoted and another takes its address: sagas go on there, though no socket was cut', async () => {
  const { address, app, admin, said } = await setUp();
  const heir = await createTestValkey();
  const [first, firstJob] = await accept(app, 'uid-before');
  await jobIn(app, first.uid, firstJob, 'completed');
  address.port = Number(new URL(heir.url).port);
  await admin.call('REPLICAOF', '127.0.0.1', String(address.port));
  for (const uid of ['uid-after-1', 'uid-after-2']) {
    const [bot, job] = await accept(app, uid);
    await jobIn(app, bot.uid, job, 'completed');
  }
  await waitFor('readiness', async () => (await degraded(app)).length === 0);
  // Nothing but the new primary has done it.
  expect(await adminOf(heir.url).dbsize()).toBeGreaterThan(0);
  await waitFor('the word that it is over', () => {
    const over = said(OVER).flatMap(({ troubles = [] }) => troubles);
    return over.length > 0 && over.length === said(TROUBLE).length;
  });
});

it('the primary is demoted in place and promoted again: 202, degraded, a few lines, and everything ends', async () => {
  const { app, admin, said, lines } = await setUp();
  const other = await createTestValkey();
  const { port } = new URL(other.url);
  await admin.call('REPLICAOF', '127.0.0.1', port);
  await waitFor('the replica', async () => /role:slave/.test(await admin.info('replication')));
  // One that cannot end where it was accepted: it needs a wake-up.
  const bot = await placeBot(app, 'dedicated', { uid: 'uid-meanwhile' });
  await injectFaults(app, bot, { refuseStop: true });
  const job = await acceptDelete(app, bot);
  await waitFor('degraded', async () => (await degraded(app)).includes('redis'));
  // Every worker, the relay and the probe go on asking meanwhile.
  await waitFor('the relay to have tried', async () => {
    const saga = await sagasOf(app.db).findOne({ _id: job as never });
    return saga?.relayTake !== undefined;
  });
  expect(said(TROUBLE).map(({ trouble }) => trouble)).toContain('read-only');
  await injectFaults(app, bot, null);
  await admin.call('REPLICAOF', 'NO', 'ONE');
  await jobIn(app, bot.uid, job, 'completed');
  await waitFor('readiness', async () => (await degraded(app)).length === 0);
  await waitFor('the word that it is over', () => said(OVER).length === 1);
  expect(await ownEntries(app)).toHaveLength(1);
  const troubles = said(TROUBLE).map(({ trouble }) => trouble);
  expect(troubles).toEqual([...new Set(troubles)]);
  const others = lines.filter(
    ({ msg }) => ![TROUBLE, OVER, 'saga woken by the relay'].includes(msg),
  );
  expect(others).toEqual([]);
});

it('out of memory: 202, degraded, a line when it begins and one when it is over, and everything ends', async () => {
  const { app, admin, said } = await setUp();
  await admin.config('SET', 'maxmemory', '1');
  const [bot, job] = await accept(app, 'uid-full');
  await waitFor('degraded', async () => (await degraded(app)).includes('redis'));
  expect(said(TROUBLE).map(({ trouble }) => trouble)).toContain('out-of-memory');
  await admin.config('SET', 'maxmemory', '0');
  await jobIn(app, bot.uid, job, 'completed');
  await waitFor('the word that it is over', () => said(OVER).length === 1);
  expect(said(OVER)).toMatchObject([{ troubles: ['out-of-memory'] }]);
  await waitFor('readiness', async () => (await degraded(app)).length === 0);
});
