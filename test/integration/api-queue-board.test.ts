import { randomUUID } from 'node:crypto';
import { type Job, Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { UnavailableError } from '../../packages/saga/src/errors.ts';
import type { OrderResult } from '../../packages/saga/src/operate/operators.ts';
import type { ApiDependencies } from '../../src/api/dependencies.ts';
import { SESSION_COOKIE } from '../../src/api/session-cookie.ts';
import { createTestApi, expectProblem, type TestApi } from '../support/api.ts';
import { sagaIn } from '../support/saga-in.ts';
import { waitFor } from '../support/wait-for.ts';

const JOB_ID = 'del-000000000001';
const SESSION = { method: 'POST', url: '/api/freqtrade/session' } as const;
const SAME_ORIGIN = { origin: 'http://localhost', host: 'localhost' };

/** A queue with one failed job of a saga. */
async function queueWithFailedJob(): Promise<{ queue: Queue; job: Job }> {
  const prefix = `t-${randomUUID()}`;
  const options = { prefix };
  const connection = new Redis(inject('redisUrl'), { maxRetriesPerRequest: null });
  const queue = new Queue('sagas', { connection, ...options });
  const fail = async () => Promise.reject(new Error('stop refused'));
  const worker = new Worker('sagas', fail, { connection, ...options });
  onTestFinished(async () => {
    await worker.close();
    await queue.obliterate({ force: true });
    await queue.close();
    connection.disconnect();
  });
  const job = await queue.add('delete-bot', { sagaId: JOB_ID }, { jobId: JOB_ID });
  await waitFor('the job to fail', () => job.isFailed());
  return { queue, job };
}

async function createBoard(
  result: OrderResult = { status: 'ordered', saga: sagaIn('running') },
  find: ApiDependencies['sagas']['find'] = async () => null,
) {
  const { queue, job } = await queueWithFailedJob();
  const retries: { sagaId: string; by: string }[] = [];
  const api = await createTestApi({
    deps: { queues: [queue] },
    routed: {
      find,
      order: async (sagaId, { by }) => {
        retries.push({ sagaId, by });
        return result;
      },
    },
  });
  return { api, queue, job, retries };
}

async function sessionCookie(api: TestApi, admin = true): Promise<string> {
  const response = await api.as('operator', { ...SESSION, admin });
  expect(response.statusCode).toBe(200);
  return String(response.headers['set-cookie']).split(';')[0] ?? '';
}

describe('the board', () => {
  test('no session, that of a user, or a bearer token instead of one: 401 on page, API and assets', async () => {
    const { api } = await createBoard();
    const script = await firstScript(api);
    for (const url of ['/admin/queues', '/admin/queues/', '/admin/queues/api/queues', script]) {
      expectProblem(await api.app.inject({ url }), 401, 'session-needed');
      expectProblem(await api.as('operator', { url, admin: true }), 401, 'session-needed');
      const headers = { cookie: `${SESSION_COOKIE}=forged.forged` };
      expectProblem(await api.app.inject({ url, headers }), 401, 'session-needed');
      const user = { cookie: await sessionCookie(api, false) };
      expectProblem(await api.app.inject({ url, headers: user }), 401, 'session-needed');
    }
  });

  test('with a session: the page, its assets, and the failed job with its reason', async () => {
    const { api } = await createBoard();
    const headers = { cookie: await sessionCookie(api) };
    const page = await api.app.inject({ url: '/admin/queues', headers });
    expect(page.statusCode).toBe(200);
    expect(page.body).toContain('<base href="/admin/queues/"');
    expect(page.body).toMatch(/<link href="static\/css[^>]+rel="stylesheet">/);
    expect(page.body).not.toContain('https:');
    expect(page.headers['content-security-policy']).toContain("script-src 'self';");
    const script = await api.app.inject({ url: await firstScript(api), headers });
    expect(script.statusCode).toBe(200);
    const url = '/admin/queues/api/queues?activeQueue=sagas&status=failed&page=1';
    const { queues } = (await api.app.inject({ url, headers })).json();
    expect(queues[0].jobs[0]).toMatchObject({
      ...{ id: JOB_ID, name: 'delete-bot', failedReason: 'stop refused' },
      // The log does not have it.
      data: { sagaId: JOB_ID, saga: null },
    });
  });

  test('the log is away: the job is shown as the queue has it', async () => {
    const { api } = await createBoard(undefined, async () => {
      throw new UnavailableError('DATABASE_AWAY', 'no answer');
    });
    const headers = { cookie: await sessionCookie(api) };
    const url = '/admin/queues/api/queues?activeQueue=sagas&status=failed&page=1';
    const { queues } = (await api.app.inject({ url, headers })).json();
    expect(queues[0].jobs[0]).toMatchObject({ name: 'delete-bot', failedReason: 'stop refused' });
    expect(api.logLines.join('')).toContain('DATABASE_AWAY');
  });

  test('a retry from the board: the engine is told by whom, the queue is left alone', async () => {
    const { api, job, retries } = await createBoard();
    const headers = { cookie: await sessionCookie(api), ...SAME_ORIGIN };
    const url = `/admin/queues/api/queues/sagas/${JOB_ID}/retry`;
    const response = await api.app.inject({ method: 'PUT', url, headers });
    expect(response.statusCode).toBe(204);
    expect(retries).toEqual([{ sagaId: JOB_ID, by: 'admin:operator' }]);
    expect(await job.isFailed()).toBe(true);
  });

  test('the engine refuses a retry, or the job is no saga: a problem that says why', async () => {
    const { api } = await createBoard({
      status: 'refused',
      reason: 'it has ended',
      saga: sagaIn('completed'),
    });
    const headers = { cookie: await sessionCookie(api), ...SAME_ORIGIN };
    const retry = (id: string) =>
      api.app.inject({ method: 'PUT', url: `/admin/queues/api/queues/sagas/${id}/retry`, headers });
    expect(expectProblem(await retry(JOB_ID), 409, 'not-retriable').detail).toBe('it has ended');
    expectProblem(await retry('repeat:x:1'), 409, 'not-retriable');
  });

  test('a retry sent by another site, another port, or without an origin: 403', async () => {
    const { api, retries } = await createBoard();
    const cookie = await sessionCookie(api);
    const foreign = [
      { host: 'localhost' },
      { host: 'localhost', origin: 'http://evil.example' },
      { host: 'localhost', origin: 'http://localhost:8081' },
      { host: 'localhost', origin: 'null' },
      { host: 'localhost', 'sec-fetch-site': 'same-site' },
      { ...SAME_ORIGIN, 'sec-fetch-site': 'cross-site' },
    ];
    const url = `/admin/queues/api/queues/sagas/${JOB_ID}/retry`;
    for (const headers of foreign) {
      const response = await api.app.inject({
        method: 'PUT',
        url,
        headers: { cookie, ...headers },
      });
      expectProblem(response, 403, 'cross-site');
    }
    expect(retries).toEqual([]);
  });

  test('everything else that writes: 405, and the job stays as it was', async () => {
    const { api, queue, job, retries } = await createBoard();
    const headers = { cookie: await sessionCookie(api), ...SAME_ORIGIN };
    const base = '/admin/queues/api/queues';
    const writes = [
      ['PUT', `${base}/pause`],
      ['PUT', `${base}/sagas/retry/failed`],
      ['PUT', `${base}/sagas/retry/retry`],
      ['PUT', `${base}/sagas/${JOB_ID}/clean`],
      ['PUT', `${base}/sagas/${JOB_ID}/promote`],
      ['PUT', `${base}/sagas/empty`],
      ['PUT', `${base}/sagas/obliterate`],
      ['PATCH', `${base}/sagas/${JOB_ID}/update-data`],
      ['POST', `${base}/sagas/add`],
    ] as const;
    for (const [method, url] of writes) {
      const response = await api.app.inject({ method, url, headers, payload: { jobData: {} } });
      expectProblem(response, 405, 'method-not-allowed');
    }
    expect(await queue.isPaused()).toBe(false);
    expect(await job.isFailed()).toBe(true);
    expect(await queue.getJobCounts()).toMatchObject({ failed: 1, waiting: 0 });
    expect(retries).toEqual([]);
  });
});

async function firstScript(api: TestApi): Promise<string> {
  const headers = { cookie: await sessionCookie(api) };
  const { body } = await api.app.inject({ url: '/admin/queues', headers });
  const script = /src="(static\/js\/main[^"]+)"/.exec(body)?.[1];
  if (script === undefined) throw new Error('the board has no script');
  return `/admin/queues/${script}`;
}
