// Two installations on one Redis. Each has its own keys, by an id that lives in its database; where one works on a copy of
// the other's database, it has that id too: a job of the other is counted, told once and given back.

import { Writable } from 'node:stream';
import type { Queue } from 'bullmq';
import { expect, it } from 'vitest';
import { createLogger } from '../../src/infra/log/logger.ts';
import { findInstallation } from '../../src/main/installation.ts';
import {
  startTestApplication,
  startWithWorkersBeside,
  type TestApplication,
} from '../support/application.ts';
import { createTestDatabase } from '../support/database.ts';
import { acceptDelete, jobIn, placeBot } from '../support/deletions.ts';

const DELETIONS = 8;
const FOREIGN = /a job of another installation/;

const prefix = () => ({ RECLAIM_KEY_PREFIX: `t-${crypto.randomUUID()}` });

async function deleteMany(app: TestApplication, name: string): Promise<string[]> {
  const uids = Array.from({ length: DELETIONS }, (_, n) => `uid-${name}-${n}`);
  const bots = await Promise.all(uids.map((uid) => placeBot(app, 'dedicated', { uid })));
  const jobs = await Promise.all(bots.map((bot) => acceptDelete(app, bot)));
  await Promise.all(bots.map(({ uid }, n) => jobIn(app, uid, jobs[n] ?? '', 'completed')));
  return jobs;
}

async function foreignJobs({ services }: TestApplication): Promise<number> {
  const text = await services.metrics.registry.metrics();
  return Number(/^queue_foreign_jobs_total (\d+)$/m.exec(text)?.[1]);
}

function deletionQueue({ services }: TestApplication): Queue {
  const queue = services.engine.queues.get('deletion');
  if (queue === undefined) throw new Error('no queue');
  return queue;
}

it('two installations with one Redis and one RECLAIM_KEY_PREFIX: none takes a job of the other', async () => {
  const env = prefix();
  const one = await startWithWorkersBeside({ env });
  const other = await startWithWorkersBeside({ env });
  const [ofOne, ofOther] = await Promise.all([deleteMany(one, 'one'), deleteMany(other, 'other')]);
  for (const [app, own, foreign] of [
    [one, ofOne, ofOther],
    [other, ofOther, ofOne],
  ] as const) {
    expect(await foreignJobs(app)).toBe(0);
    const queue = deletionQueue(app);
    expect(await queue.getFailedCount()).toBe(0);
    expect(await Promise.all(own.map(async (id) => (await queue.getJob(id))?.id))).toEqual(own);
    for (const id of foreign) expect(await queue.getJob(id)).toBeUndefined();
  }
});

it('every Redis key of an installation begins with its prefix and its id', async () => {
  const app = await startTestApplication({ env: { RATE_LIMIT_PER_MINUTE: '1000', ...prefix() } });
  await deleteMany(app, 'keys');
  await fetch(`${app.url}/readyz`);
  const { id } = await findInstallation(app.db);
  const begins = `${app.env.RECLAIM_KEY_PREFIX}:${id}:`;
  const keys = await app.services.redis.keys(`${app.env.RECLAIM_KEY_PREFIX}*`);
  expect(keys.filter((key) => !key.startsWith(begins))).toEqual([]);
  const kinds = ['deletion:', 'rate-limit:', 'write-probe'];
  for (const kind of kinds) {
    expect(
      keys.some((key) => key.startsWith(begins + kind)),
      kind,
    ).toBe(true);
  }
});

it('a copy of the database with the same keys: all of both complete; foreign jobs are counted, told once', async () => {
  const env = prefix();
  const lines: string[] = [];
  const sink = new Writable({
    write: (line, _encoding, done) => {
      lines.push(String(line));
      done();
    },
  });
  const log = createLogger('error', sink);
  const one = await startWithWorkersBeside({ env });
  const copy = await createTestDatabase();
  const installation = await one.db.collection('installation').findOne({});
  if (installation === null) throw new Error('no installation');
  await copy.collection('installation').insertOne(installation);
  const other = await startTestApplication({ env, log, database: copy });
  await Promise.all([deleteMany(one, 'one'), deleteMany(other, 'other')]);
  const counts = [await foreignJobs(one), await foreignJobs(other)];
  const told = lines.filter((line) => FOREIGN.test(line));
  expect(counts.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(0);
  expect(told).toHaveLength(counts.filter((count) => count > 0).length);
  expect(await deletionQueue(one).getFailedCount()).toBe(0);
});

it('ten processes that start at once on a new database: one id', async () => {
  const db = await createTestDatabase();
  const ids = await Promise.all(
    Array.from({ length: 10 }, async () => (await findInstallation(db)).id),
  );
  expect(new Set(ids).size).toBe(1);
  expect(ids[0]).toMatch(/^[0-9a-f]{12}$/);
});
