// What many event streams cost and how they are limited, over real sockets, on a log that counts its reads and
// changes when a test says so.

import { request } from 'node:http';
import { connect } from 'node:net';
import fastify from 'fastify';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createJobStreams } from '../../packages/saga/src/fastify/job-streams.ts';
import { jobView } from '../../packages/saga/src/fastify/job-view.ts';
import type { RoutedSagas } from '../../packages/saga/src/fastify/options.ts';
import type { SagaRecord } from '../../packages/saga/src/log/record.ts';
import type { SagaWatcher } from '../../packages/saga/src/operate/saga-watch.ts';
import type { ApiSettings } from '../../src/api/dependencies.ts';
import { createTestApi, type TestApiOptions } from '../support/api.ts';
import { readMetrics } from '../support/application.ts';
import { readEvents } from '../support/event-stream.ts';
import { sagaIn } from '../support/saga-in.ts';
import { waitFor } from '../support/wait-for.ts';

const TOKEN_HOURS_MS = 12 * 3_600_000;

function countingLog(...records: SagaRecord[]) {
  const sagas = new Map(records.map((saga) => [saga.id, saga]));
  const rounds: string[][] = [];
  const finds: string[] = [];
  const broken: { revisions: boolean; find: SagaRecord | null } = { revisions: false, find: null };
  const log: Pick<RoutedSagas, 'find' | 'findRevisions'> = {
    find: async (id) => {
      finds.push(id);
      return broken.find ?? sagas.get(id) ?? null;
    },
    findRevisions: async (ids) => {
      rounds.push([...ids]);
      if (broken.revisions) throw new Error('the log is away');
      return new Map([...sagas].filter(([id]) => ids.includes(id)));
    },
  };
  const put = (saga: SagaRecord) => void sagas.set(saga.id, saga);
  const remove = ({ id }: SagaRecord) => void sagas.delete(id);
  return { log, rounds, finds, broken, put, remove };
}

async function setUp(
  routed: Partial<RoutedSagas>,
  settings: Partial<ApiSettings> = {},
  deps: TestApiOptions['deps'] = {},
) {
  const api = await createTestApi({ routed, deps, settings });
  const url = await api.app.listen({ port: 0, host: '127.0.0.1' });
  const metrics = () => readMetrics({ url });
  return {
    api,
    url,
    metrics,
    watch: async (user: string, { id }: SagaRecord, token?: string) =>
      readEvents(`${url}/api/freqtrade/jobs/${id}/events`, token ?? (await api.token(user))),
    streamsOpen: async () =>
      Number(/^reclaim_event_streams_open (\d+)$/m.exec(await metrics())?.[1]),
  };
}

const next = (saga: SagaRecord, changes: Partial<SagaRecord> = {}): SagaRecord => ({
  ...saga,
  revision: saga.revision + 1,
  ...changes,
});

describe('what streams cost', () => {
  test('two streams on a job and one on another: one read a round, one more for what changed', async () => {
    const [one, other] = [sagaIn('running'), sagaIn('running')];
    const { log, rounds, finds, put } = countingLog(one, other);
    const { watch } = await setUp(log);
    const streams = await Promise.all([watch('alice', one), watch('alice', one)]);
    const beside = await watch('alice', other);
    await waitFor('a round with all', () => rounds.at(-1)?.length === 2);
    const [before, found] = [rounds.length, finds.length];
    await waitFor('some rounds', () => rounds.length >= before + 3);
    expect(rounds.slice(before)).toEqual(rounds.slice(before).map(() => [one.id, other.id]));
    expect(finds).toHaveLength(found);
    const changed = next(one);
    put(changed);
    for (const stream of streams) {
      await stream.event('the change', ({ id }) => id === String(changed.revision));
    }
    expect(finds.slice(found)).toEqual([one.id]);
    expect(beside.events).toHaveLength(1);
  });

  test('clients that have gone: nothing is read for them any more, and nothing is kept', async () => {
    const [one, other] = [sagaIn('running'), sagaIn('running')];
    const { log, rounds } = countingLog(one, other);
    const { watch, streamsOpen, metrics } = await setUp(log);
    const [first, second] = await Promise.all([watch('alice', one), watch('alice', one)]);
    expect(await streamsOpen()).toBe(2);
    first.leave();
    second.leave();
    await waitFor('both to be gone', async () => (await streamsOpen()) === 0);
    await watch('alice', other);
    const before = rounds.length;
    await waitFor('some rounds', () => rounds.length >= before + 3);
    expect(new Set(rounds.slice(before).flat())).toEqual(new Set([other.id]));
    expect(await metrics()).not.toMatch(/route="[^"]*\/events"/);
  });

  test('a client that leaves before its answer: no stream is opened for it', async () => {
    const saga = sagaIn('running');
    const { log, rounds } = countingLog(saga);
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<null>();
    const find: RoutedSagas['find'] = async (id) => {
      asked.resolve();
      await answer.promise;
      return log.find(id);
    };
    const { api, url, streamsOpen } = await setUp({ ...log, find });
    const gone = Promise.withResolvers<void>();
    api.app.server.on('connection', (socket) => socket.once('close', () => gone.resolve()));
    const headers = { authorization: `Bearer ${await api.token('alice')}` };
    const leaving = request(`${url}/api/freqtrade/jobs/${saga.id}/events`, { headers });
    leaving.on('error', () => undefined).end();
    await asked.promise;
    leaving.destroy();
    await gone.promise;
    answer.resolve(null);
    await streamsOpen();
    expect(await streamsOpen()).toBe(0);
    expect(rounds).toEqual([]);
  });

  test('asked for behind another stream on one connection, and the connection is gone: so are both', async () => {
    const saga = sagaIn('running');
    const { api, url, streamsOpen } = await setUp(countingLog(saga).log);
    const { hostname, port } = new URL(url);
    const asking = [
      `GET /api/freqtrade/jobs/${saga.id}/events HTTP/1.1`,
      `host: ${hostname}`,
      `authorization: Bearer ${await api.token('alice')}`,
    ].join('\r\n');
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined).resume();
    socket.write(`${asking}\r\n\r\n${asking}\r\n\r\n`);
    await waitFor('both to be open', async () => (await streamsOpen()) === 2);
    socket.destroy();
    await waitFor('both to be gone', async () => (await streamsOpen()) === 0);
  });

  test('a client that does not read: states in between are left out, the newest comes', async () => {
    const first = sagaIn('running');
    const watchers: SagaWatcher[] = [];
    const pending: number[] = [];
    const streams = createJobStreams({
      watch: {
        watch: (_saga, watcher) => {
          watchers.push(watcher);
          return () => undefined;
        },
        close: () => undefined,
      },
      onUnreadable: () => undefined,
      onUncounted: () => undefined,
      view: (saga) => jobView(saga),
      nowMs: Date.now,
    });
    const app = fastify();
    app.get('/', (_request, reply) => {
      const caller = { name: 'alice', subject: 'alice', isOperator: false };
      streams.open({ saga: first, lastEventId: undefined, caller, statusUrl: '/', reply });
      pending.push(0);
      const { raw } = reply;
      watchers.push({ changed: () => void pending.push(raw.writableLength), unreadable: () => {} });
    });
    onTestFinished(() => app.close());
    const stream = await readEvents(await app.listen({ port: 0, host: '127.0.0.1' }), '');
    stream.pause();
    const message = 'x'.repeat(1024 * 1024);
    const sent = 200;
    for (let n = 1; n <= sent; n += 1) {
      const warnings = [{ code: 'LONG', message }];
      const saga = { ...first, revision: first.revision + n, state: { ...first.state, warnings } };
      for (const watcher of watchers) watcher.changed(saga);
      // Lets the sockets write.
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(Math.max(...pending)).toBeLessThan(3 * message.length);
    stream.resume();
    await stream.event('the newest', ({ id }) => id === String(first.revision + sent));
    expect(stream.events.length).toBeLessThan(sent / 2);
  });
});

test('the gauge of open streams throws: reported, and no closed connection ends the process', async () => {
  const saga = sagaIn('running');
  const uncounted: unknown[] = [];
  const streams = createJobStreams({
    watch: { watch: () => () => undefined, close: () => undefined },
    onUnreadable: () => undefined,
    onUncounted: (err) => void uncounted.push(err),
    onCount: () => {
      throw new Error('the gauge is broken');
    },
    view: (shown) => jobView(shown),
    nowMs: Date.now,
  });
  const app = fastify();
  app.get('/', (_request, reply) => {
    const caller = { name: 'alice', subject: 'alice', isOperator: false };
    streams.open({ saga, lastEventId: undefined, caller, statusUrl: '/', reply });
  });
  onTestFinished(() => app.close());
  const stream = await readEvents(await app.listen({ port: 0, host: '127.0.0.1' }), '');
  await stream.event('the job as it is', () => true);
  stream.leave();
  await waitFor('both reports', () => uncounted.length === 2);
});

describe('what ends a stream', () => {
  test('the token ends: so does the stream, and not before', async () => {
    const saga = sagaIn('running');
    const { watch, api } = await setUp(countingLog(saga).log);
    const lasting = await watch('alice', saga);
    const now = new Date(Date.now() - TOKEN_HOURS_MS + 3_000);
    const stream = await watch('alice', saga, await api.token('alice', { now }));
    expect(stream.status).toBe(200);
    await stream.hasEnded();
    expect(stream.end()).toBe('ended');
    expect(stream.events).toHaveLength(1);
    expect(lasting.end()).toBeNull();
  });

  test('the log holds the saga no more: the stream ends', async () => {
    const saga = sagaIn('running');
    const { log, remove } = countingLog(saga);
    const { watch } = await setUp(log);
    const stream = await watch('alice', saga);
    await stream.event('the job as it is', () => true);
    remove(saga);
    await stream.hasEnded();
  });

  test('the log cannot be read: a comment each time, no end, no event; then the change', async () => {
    const saga = sagaIn('running');
    const { log, put, broken } = countingLog(saga);
    const { watch } = await setUp(log);
    const stream = await watch('alice', saga);
    broken.revisions = true;
    await waitFor('two comments', () => stream.comments.length >= 2);
    expect(stream.events).toHaveLength(1);
    put(next(saga, { state: { ...saga.state, phase: 'completed' }, open: false }));
    broken.revisions = false;
    await stream.hasEnded();
    expect(stream.events.map(({ data }) => data.state)).toEqual(['running', 'completed']);
  });
});

describe('what is shown', () => {
  test('a read that is older than what was shown: not shown; the next read is', async () => {
    const saga = next(next(sagaIn('running')));
    const { log, put, broken, finds } = countingLog(saga);
    const { watch } = await setUp(log);
    const stream = await watch('alice', saga);
    broken.find = { ...saga, revision: saga.revision - 1 };
    put(next(saga));
    await waitFor('two reads of the past', () => finds.length >= 3);
    broken.find = null;
    await stream.event('the change', ({ id }) => id === String(saga.revision + 1));
    expect(stream.events).toHaveLength(2);
  });

  test('nobody can run its version for five minutes: stuck, though nothing was written', async () => {
    const time = { nowMs: Date.parse('2026-11-22T10:00:00Z') };
    const unrunnableSince = new Date(time.nowMs).toISOString();
    const saga = sagaIn('running', { unrunnableSince });
    const now = () => new Date(time.nowMs);
    const { watch } = await setUp(countingLog(saga).log, {}, { now });
    const stream = await watch('alice', saga);
    await stream.event('the job as it is', ({ data }) => data.state === 'running');
    time.nowMs += 5 * 60_000;
    const stuck = await stream.event('the stop', ({ data }) => data.state === 'stuck');
    expect(stuck.data.error.code).toBe('NO_WORKER_FOR_VERSION');
    expect(stream.events).toHaveLength(2);
    expect(stream.end()).toBeNull();
  });

  test('a job on which nothing happens: a beat now and then', async () => {
    const saga = sagaIn('stuck');
    const { watch } = await setUp(countingLog(saga).log, { streamLimits: { beatEveryMs: 20 } });
    const stream = await watch('alice', saga);
    await waitFor('three beats', () => stream.comments.length >= 3);
    expect(stream.events).toHaveLength(1);
  });
});

describe('how many', () => {
  test('of one user, and on one process: 429 and 503 with where to poll; a place that is free is given', async () => {
    const saga = sagaIn('running');
    const bobs = sagaIn('running', { subject: '00000000000000000000000b' });
    const streamLimits = { perCaller: 2, perProcess: 3 };
    const { watch, streamsOpen, metrics } = await setUp(countingLog(saga, bobs).log, {
      streamLimits,
    });
    const [first] = await Promise.all([watch('alice', saga), watch('alice', saga)]);
    const third = await watch('alice', saga);
    await third.hasEnded();
    expect(third.status).toBe(429);
    expect(third.headers['retry-after']).toBe('30');
    expect(JSON.parse(third.text())).toMatchObject({
      type: 'urn:reclaim:problem:too-many-streams',
      statusUrl: `/api/freqtrade/jobs/${saga.id}`,
    });
    expect((await watch('bob', bobs)).status).toBe(200);
    const full = await watch('bob', bobs);
    await full.hasEnded();
    expect(full.status).toBe(503);
    expect(full.headers['retry-after']).toBe('30');
    expect(JSON.parse(full.text()).type).toBe('urn:reclaim:problem:streams-exhausted');
    first?.leave();
    await waitFor('a free place', async () => (await streamsOpen()) === 2);
    expect((await watch('bob', bobs)).status).toBe(200);
    const counted = await metrics();
    expect(counted).toMatch(/_count\{[^}]*route="[^"]*\/events",status="429"\} 1/);
    expect(counted).not.toMatch(/route="[^"]*\/events",status="200"/);
  });

  test('by default: twenty of one user', async () => {
    const saga = sagaIn('running');
    const { watch } = await setUp(countingLog(saga).log);
    const streams = await Promise.all(Array.from({ length: 21 }, () => watch('alice', saga)));
    const statuses = streams.map(({ status }) => status).toSorted();
    expect(statuses).toEqual([...Array.from({ length: 20 }, () => 200), 429]);
  });
});
