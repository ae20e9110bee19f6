// The HTTP of sagas on a bare Fastify, in front of an engine that runs a definition of a print shop: what a stranger has
// who registers the plugin in one line. What a product puts into it is tested with the product.

import { randomUUID } from 'node:crypto';
import fastify, { type FastifyRequest, type InjectOptions } from 'fastify';
import { Redis } from 'ioredis';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { createTestDatabase } from '../../../../test/support/database.ts';
import { readEvents } from '../../../../test/support/event-stream.ts';
import { waitFor } from '../../../../test/support/wait-for.ts';
import { sagaBoard } from '../../src/board/index.ts';
import type { SagaDefinition } from '../../src/definition.ts';
import { createEngine } from '../../src/engine/engine.ts';
import { HoldError, RetryableError } from '../../src/errors.ts';
import {
  type Caller,
  createEndWaits,
  createHeldAnswers,
  type SagaRoutesOptions,
  sagaRoutes,
} from '../../src/fastify/index.ts';

interface Shop {
  /** `busy`: the press is not free yet. `broken`: an operator has to mend it. */
  press: 'free' | 'busy' | 'broken';
  shipped: number;
}

const RETRY = { attempts: 10_000, baseMs: 5, capMs: 10 };

function printBook(shop: Shop): SagaDefinition<{ readonly orderId: string }> {
  const step = { retry: RETRY, timeoutMs: 5_000 };
  return {
    name: 'print-book',
    version: 1,
    key: ({ orderId }) => `order/${orderId}`,
    searchBy: ['orderId'],
    steps: [
      {
        ...step,
        kind: 'compensatable',
        name: 'reserve-press',
        compensateRetry: RETRY,
        capture: async () => 'free',
        run: async () => {
          if (shop.press === 'busy') throw new RetryableError('PRESS_BUSY', 'the press is busy');
          if (shop.press === 'broken') throw new HoldError('PRESS_BROKEN', 'the press is broken');
          return { value: 'press 1' };
        },
        compensate: async () => undefined,
      },
      {
        ...step,
        kind: 'retriable',
        name: 'ship',
        run: async () => {
          shop.shipped += 1;
          return {};
        },
      },
    ],
    result: ({ input }) => ({ shipped: input.orderId }),
    atRisk: () => 3,
  };
}

/** Bearer tokens that are names; ann is an operator. */
function authorize({ headers }: FastifyRequest): Caller {
  const name = headers.authorization?.replace('Bearer ', '');
  if (name === undefined) throw Object.assign(new Error('who are you?'), { statusCode: 401 });
  return { name, subject: name, isOperator: name === 'ann' };
}

async function openShop(press: Shop['press'], options: Partial<SagaRoutesOptions> = {}) {
  const shop: Shop = { press, shipped: 0 };
  const definition = printBook(shop);
  const redis = new Redis(inject('redisUrl'));
  const db = await createTestDatabase();
  const engine = await createEngine({ db, redis, sagas: [definition], prefix: randomUUID() });
  const worker = engine.startWorker();
  const app = fastify();
  onTestFinished(async () => {
    await app.close();
    await worker.stop();
    await Promise.all([...engine.queues.values()].map((queue) => queue.obliterate()));
    await engine.close();
    redis.disconnect();
  });
  const waits = createEndWaits(engine.sagas);
  await app.register(sagaRoutes, { ...engine, authorize, waits, prefix: '/jobs', ...options });
  await app.register(sagaBoard, {
    ...{ ...engine, authorize, prefix: '/queues' },
    pageOf: (id) => `/ops?saga=${id}`,
    queues: [...engine.queues.values()],
  });
  const answers = createHeldAnswers({ ...engine, waits, statusUrl: (id) => `/jobs/${id}` });
  app.post<{ Params: { id: string } }>('/orders/:id', async (request, reply) => {
    const answer = answers.hold(request, reply);
    const { name } = authorize(request);
    const order = { kind: definition.name, subject: name, requestedBy: name };
    const input = { orderId: request.params.id };
    return answer.send((await engine.sagas.start({ ...order, input })).saga, name);
  });
  const as = async (
    name: string,
    method: 'GET' | 'POST' | 'PUT',
    url: string,
    more?: InjectOptions,
  ) => {
    const headers = { authorization: `Bearer ${name}`, ...more?.headers };
    const response = await app.inject({ ...more, method, url, headers });
    return { ...response, status: response.statusCode, body: response.body && response.json() };
  };
  const order = async (name: string, id: string): Promise<string> =>
    (await as(name, 'POST', `/orders/${id}`)).body.jobId;
  const jobIn = (name: string, id: string, ...states: readonly string[]) =>
    waitFor(`the job ${states.join(' or ')}`, async () => {
      const { body } = await as(name, 'GET', `/jobs/${id}`);
      return states.includes(body.state) && body;
    });
  return { shop, app, as, order, jobIn };
}

const waiting = { headers: { prefer: 'wait=20' } };

describe('a caller', () => {
  test('starts a job and polls it; `Prefer: wait` holds the answer back until the end', async () => {
    const { shop, as } = await openShop('busy');
    const accepted = await as('bob', 'POST', '/orders/o-1');
    expect(accepted.status).toBe(202);
    const { jobId, statusUrl } = accepted.body;
    expect([statusUrl, accepted.headers.location]).toEqual([`/jobs/${jobId}`, `/jobs/${jobId}`]);
    expect((await as('bob', 'POST', '/orders/o-1')).body.jobId).toBe(jobId);
    const held = as('bob', 'GET', statusUrl, waiting);
    shop.press = 'free';
    const { status, headers, body } = await held;
    expect([status, headers['preference-applied']]).toEqual([200, 'wait=20']);
    expect(body).toMatchObject({
      ...{ jobId, kind: 'print-book', state: 'completed', progress: 100, error: null },
      result: { shipped: 'o-1' },
      steps: [
        { name: 'reserve-press', kind: 'compensatable', status: 'done' },
        { name: 'ship', kind: 'retriable', status: 'done' },
      ],
    });
    expect(body).not.toHaveProperty('captures');
    const ended = await as('bob', 'POST', '/orders/o-2', waiting);
    expect(ended.status).toBe(200);
    expect(ended.body).toMatchObject({
      state: 'completed',
      steps: [{ kind: 'compensatable' }, {}],
    });
  });

  test('watches a job, comes again with what it has, and is sent what follows to the end', async () => {
    const { shop, app, as, order } = await openShop('broken');
    const id = await order('bob', 'o-1');
    const url = `${await app.listen({ port: 0, host: '127.0.0.1' })}/jobs/${id}/events`;
    const stream = await readEvents(url, 'bob');
    const stuck = await stream.event('the stop', ({ data }) => data.state === 'stuck');
    const again = await readEvents(url, 'bob', { 'last-event-id': stuck.id });
    const behind = await readEvents(url, 'bob', { 'last-event-id': 'of another incarnation' });
    expect(await behind.event('the job as it is', () => true)).toEqual(stuck);
    expect(stream.end()).toBeNull();
    shop.press = 'free';
    await as('ann', 'POST', `/jobs/${id}/retry`, { payload: { reason: 'it was mended' } });
    for (const watched of [stream, again]) {
      await watched.hasEnded();
      expect(watched.events.at(-1)?.data).toMatchObject({ state: 'completed' });
    }
    expect(Number(again.events[0]?.id)).toBeGreaterThan(Number(stuck.id));
    // An end is told once more: who comes again may have missed it.
    const last = stream.events.at(-1);
    const late = await readEvents(url, 'bob', { 'last-event-id': String(last?.id) });
    await late.hasEnded();
    expect(late.events).toEqual([last]);
  });

  test('cancels a job while that can be; after its end it is too late', async () => {
    const { shop, as, order, jobIn } = await openShop('busy');
    const id = await order('bob', 'o-1');
    expect((await as('bob', 'POST', `/jobs/${id}/cancel`)).status).toBe(202);
    // Compensated where a worker had begun it: nothing is printed in either case.
    await jobIn('bob', id, 'cancelled', 'compensated');
    shop.press = 'free';
    const done = await order('bob', 'o-2');
    await jobIn('bob', done, 'completed');
    const late = await as('bob', 'POST', `/jobs/${done}/cancel`);
    expect(late.status).toBe(409);
    expect(late.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(late.body).toMatchObject({
      type: 'urn:saga:problem:too-late-to-cancel',
      ...{ status: 409, jobId: done, statusUrl: `/jobs/${done}` },
    });
  });

  test('sees and touches no job of another caller, and gives no order', async () => {
    const { as, order } = await openShop('busy');
    const id = await order('bob', 'o-1');
    const own = await order('eve', 'o-2');
    const { body } = await as('eve', 'GET', '/jobs');
    expect(body.jobs.map(({ jobId }: { jobId: string }) => jobId)).toEqual([own]);
    for (const [method, path] of [
      ['GET', ''],
      ['GET', '/events'],
      ['POST', '/cancel'],
    ] as const) {
      expect((await as('eve', method, `/jobs/${id}${path}`)).status, path).toBe(404);
    }
    const reason = { payload: { reason: 'I want to' } };
    for (const url of ['/jobs?scope=all', '/jobs?subject=bob', `/jobs/${own}/plan`]) {
      const refused = await as('eve', 'GET', url);
      expect(refused.status, url).toBe(403);
      expect(refused.body.type).toBe('urn:saga:problem:operators-only');
    }
    for (const verb of ['retry', 'compensate', 'skip']) {
      expect((await as('eve', 'POST', `/jobs/${own}/${verb}`, reason)).status, verb).toBe(403);
    }
  });

  test('a bad id, a bad wait, a bad page, no caller: refused as problems', async () => {
    const { app, as } = await openShop('free');
    expect((await as('bob', 'GET', '/jobs/x')).body.type).toBe('urn:saga:problem:invalid-request');
    const wait = { headers: { prefer: 'wait=61' } };
    expect((await as('bob', 'POST', '/orders/o', wait)).status).toBe(400);
    expect((await as('bob', 'GET', '/jobs?limit=0')).body).toMatchObject({
      type: 'urn:saga:problem:invalid-request',
      errors: [{ field: 'querystring/limit' }],
    });
    expect((await as('bob', 'GET', '/jobs?cursor=abc')).status).toBe(400);
    expect((await app.inject('/jobs')).headers['content-type']).toMatch(/^application\/problem/);
  });
});

describe('an operator', () => {
  test('finds a stuck saga, plans, mends the world and retries', async () => {
    const { shop, as, order, jobIn } = await openShop('broken');
    const id = await order('bob', 'o-1');
    await jobIn('bob', id, 'stuck');
    for (const query of [
      'q=o-1&scope=all',
      'q=bob&scope=all',
      `q=${id}&scope=all`,
      'subject=bob',
    ]) {
      const { body } = await as('ann', 'GET', `/jobs?order=urgency&${query}`);
      expect(body.jobs, query).toMatchObject([{ jobId: id, subject: 'bob', atRisk: 3 }]);
    }
    expect((await as('ann', 'GET', '/jobs?q=o-9&scope=all')).body.jobs).toEqual([]);
    const { body: detail } = await as('ann', 'GET', `/jobs/${id}`);
    expect(detail).toMatchObject({
      input: { orderId: 'o-1' },
      captures: { 'reserve-press': 'free' },
    });
    const { body: plan } = await as('ann', 'GET', `/jobs/${id}/plan`);
    expect(plan.verbs[0]).toMatchObject({ verb: 'retry', allowed: true });
    shop.press = 'free';
    const payload = { reason: 'the press was mended' };
    expect((await as('ann', 'POST', `/jobs/${id}/retry`, { payload })).status).toBe(200);
    await jobIn('bob', id, 'completed');
    expect(shop.shipped).toBe(1);
    const { body } = await as('ann', 'GET', `/jobs/${id}`);
    const ordered = body.history.find(({ type }: { type: string }) => type === 'retry-ordered');
    expect(ordered.detail).toBe('by ann: the press was mended');
    expect((await as('ann', 'POST', `/jobs/${id}/skip`, { payload })).status).toBe(409);
    expect((await as('ann', 'POST', `/jobs/${id}/retry`, { payload: {} })).status).toBe(400);
  });

  test('resolves on evidence; takes back; of two orders one decides', async () => {
    const { as, order, jobIn } = await openShop('broken');
    const [one, other] = [await order('bob', 'o-1'), await order('bob', 'o-2')];
    for (const id of [one, other]) await jobIn('bob', id, 'stuck');
    const payload = { reason: 'printed by hand', outcome: 'completed', evidence: 'ticket 17' };
    const resolved = await as('ann', 'POST', `/jobs/${one}/resolve`, { payload });
    expect(resolved.body).toMatchObject({ state: 'completed' });
    const back = { payload: { reason: 'no press' } };
    const replies = await Promise.all(
      ['compensate', 'compensate'].map((verb) => as('ann', 'POST', `/jobs/${other}/${verb}`, back)),
    );
    expect(replies.map(({ status }) => status).toSorted()).toEqual([200, 409]);
    await jobIn('bob', other, 'compensated');
  });

  test('the board shows the saga behind a job, retries by the engine, and writes nothing else', async () => {
    const { shop, app, as, order, jobIn } = await openShop('broken');
    const id = await order('bob', 'o-1');
    await jobIn('bob', id, 'stuck');
    const job = await waitFor('the failed job', async () => {
      const { body } = await as('ann', 'GET', '/queues/api/queues?activeQueue=sagas&status=failed');
      return body.queues[0].jobs[0];
    });
    expect(job).toMatchObject({
      ...{ id, name: 'print-book: stuck in reserve-press: PRESS_BROKEN', progress: 50 },
      externalUrl: { href: `/ops?saga=${id}` },
      data: {
        saga: { state: 'stuck', step: 'reserve-press', attempts: 1, notBefore: null },
      },
    });
    expect(job.data.saga.error).toMatchObject({ step: 'reserve-press', code: 'PRESS_BROKEN' });
    const page = `/queues/api/queues/sagas/${id}`;
    expect((await as('ann', 'GET', page)).body.job).toEqual(job);
    const { body: lines } = await as('ann', 'GET', `${page}/logs`);
    expect(lines).toContainEqual(
      expect.stringMatching(/^20.*Z epoch 1: failed reserve-press: PRESS_BROKEN: the press/),
    );
    expect(lines.at(-1)).toContain(`see /ops?saga=${id} for what can be done`);
    expect((await app.inject('/queues')).headers['content-type']).toMatch(/^application\/problem/);
    expect((await as('ann', 'PUT', '/queues/api/queues/pause')).status).toBe(405);
    shop.press = 'free';
    const retry = await as('ann', 'PUT', `/queues/api/queues/sagas/${id}/retry`);
    expect(retry.status).toBe(204);
    await jobIn('bob', id, 'completed');
  });

  test('the board says of a saga that fails and tries again what fails, before anybody gives up', async () => {
    const { as, order } = await openShop('busy');
    await order('bob', 'o-1');
    const job = await waitFor('the failing job', async () => {
      const { body } = await as('ann', 'GET', '/queues/api/queues?activeQueue=sagas&status=latest');
      const [found] = body.queues[0].jobs;
      return found?.data.saga?.attempts > 1 && found;
    });
    expect(job.name).toBe('print-book: running, failing in reserve-press: PRESS_BUSY');
    expect(job.data.saga).toMatchObject({ state: 'running', step: 'reserve-press' });
  });
});

describe('a product', () => {
  test('shows what it wants, under names of its own, to operators alone', async () => {
    const { as, order } = await openShop('free', {
      for: 'operators',
      listName: 'orders',
      view: ({ input, state }, { name }) => ({ input, phase: state.phase, reader: name }),
    });
    const id = await order('bob', 'o-1');
    const job = await waitFor('the end', async () => {
      const { body } = await as('ann', 'GET', `/jobs/${id}`);
      return body.phase === 'completed' && body;
    });
    expect(job).toEqual({ input: { orderId: 'o-1' }, phase: 'completed', reader: 'ann' });
    expect((await as('ann', 'GET', '/jobs')).body).toEqual({ orders: [job], nextCursor: null });
    expect((await as('bob', 'GET', `/jobs/${id}`)).status).toBe(403);
    expect((await as('ann', 'GET', `/jobs/${id}/events`)).status).toBe(404);
  });

  test('has an error shape of its own: problems come to its handler', async () => {
    const { as } = await openShop('free', {
      errorHandler: (error, _request, reply) => reply.code(418).send({ oops: error.message }),
    });
    expect((await as('bob', 'GET', '/jobs/x')).body).toEqual({ oops: 'This is not a job id.' });
  });
});
