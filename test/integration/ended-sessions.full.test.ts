// Sessions over two processes of one system: one secret makes them one, and what one is told of an end, the other knows.

import { expect, onTestFinished, test } from 'vitest';
import { createMongoEndedSessions } from '../../src/infra/identities/mongo-ended-sessions.ts';
import { startBeside, startTestApplication, type TestApplication } from '../support/application.ts';
import { createTestDatabase } from '../support/database.ts';
import { acceptDelete, placeBot } from '../support/deletions.ts';
import { waitFor } from '../support/wait-for.ts';

const SESSION_SECRET = 'the-same-at-every-process-of-one-address';
const PREFIX = '/api/freqtrade';

interface Server {
  readonly url: string;
}

async function signIn(app: TestApplication, uid: string): Promise<string> {
  const headers = { authorization: `Bearer ${await app.token(uid)}` };
  const reply = await fetch(`${app.url}${PREFIX}/session`, { method: 'POST', headers });
  expect(reply.status).toBe(200);
  return (reply.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
}

function statusAt({ url }: Server, cookie: string): Promise<number> {
  return fetch(`${url}${PREFIX}/session`, { headers: { cookie } }).then(({ status }) => status);
}

async function signOutAt({ url }: Server, cookie: string): Promise<void> {
  const headers = { cookie, origin: url };
  const { status } = await fetch(`${url}${PREFIX}/session`, { method: 'DELETE', headers });
  expect(status).toBe(204);
}

/** Opens a job's events with a session; the text is what came so far. */
async function watchAt({ url }: Server, jobId: string, cookie: string) {
  const leaving = new AbortController();
  onTestFinished(() => leaving.abort());
  const { signal } = leaving;
  const reply = await fetch(`${url}${PREFIX}/jobs/${jobId}/events`, {
    headers: { cookie },
    signal,
  });
  expect(reply.status).toBe(200);
  const observed = { text: '', hasEnded: false };
  const read = async () => {
    for await (const chunk of reply.body ?? []) observed.text += Buffer.from(chunk).toString();
    observed.hasEnded = true;
  };
  read().catch(() => undefined);
  await waitFor('the job to be shown', async () => observed.text.includes('"jobId"') || undefined);
  return observed;
}

test('signed out at one process: nobody at the other, and event streams at both end; a session beside it goes on', async () => {
  const app = await startTestApplication({ env: { SESSION_SECRET, WORKERS: 'none' } });
  const beside = await startBeside(app);
  const bot = await placeBot(app, 'dedicated');
  const jobId = await acceptDelete(app, bot);
  const cookie = await signIn(app, bot.uid);
  const other = await signIn(app, bot.uid);
  expect(await statusAt(beside, cookie)).toBe(200);
  const streams = [await watchAt(app, jobId, cookie), await watchAt(beside, jobId, cookie)];
  const kept = await watchAt(app, jobId, other);

  await signOutAt(beside, cookie);

  expect(await statusAt(app, cookie)).toBe(401);
  expect(await statusAt(beside, cookie)).toBe(401);
  await waitFor(
    'both streams to end',
    async () => streams.every(({ hasEnded }) => hasEnded) || undefined,
  );
  expect(kept.hasEnded).toBe(false);
  expect(await statusAt(app, other)).toBe(200);
});

test('without SESSION_SECRET: a session holds at the process that made it alone, and the database has no secret', async () => {
  const app = await startTestApplication({ env: { WORKERS: 'none' } });
  const beside = await startBeside(app);
  const { uid } = await placeBot(app, 'dedicated');
  const cookie = await signIn(app, uid);
  expect(await statusAt(app, cookie)).toBe(200);
  expect(await statusAt(beside, cookie)).toBe(401);
  expect(await app.db.collection('secrets').countDocuments()).toBe(0);
});

test('an ended session is kept until its time, and forgotten by the database itself', async () => {
  const db = await createTestDatabase();
  const sessions = createMongoEndedSessions(db);
  const soon = new Date('2026-12-01T00:00:00Z');
  const later = new Date('2026-12-02T00:00:00Z');
  await sessions.end('one', later);
  await sessions.end('one', soon);
  expect(await sessions.among(['one', 'two'])).toEqual(new Set(['one']));
  const kept = await db.collection('endedSessions').find().toArray();
  expect(kept).toEqual([{ _id: 'one', forgetAt: later }]);
  const app = await startTestApplication({ env: { WORKERS: 'none' } });
  const indexes = await app.db.collection('endedSessions').indexes();
  expect(indexes).toContainEqual(
    expect.objectContaining({ key: { forgetAt: 1 }, expireAfterSeconds: 0 }),
  );
});
