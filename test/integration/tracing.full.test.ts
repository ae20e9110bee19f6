// One trace from a request to everything that its saga comes to, as a collector gets it; and what a collector that is
// ill, or not there at all, changes: nothing.

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startWorkers } from '../../src/main/compose/workers.ts';
import {
  startTestApplication,
  startWithWorkersBeside,
  type TestApplication,
} from '../support/application.ts';
import { type CollectedSpan, startCollector } from '../support/collector.ts';
import { acceptDelete, deleteBot, injectFaults, jobIn, placeBot } from '../support/deletions.ts';
import { BODY, setUpProvisioning, UID } from '../support/provisions.ts';
import { orphanOf, startSync } from '../support/syncs.ts';
import { waitFor } from '../support/wait-for.ts';
import { startWorkerProcess } from '../support/worker-process.ts';

const SERVER = 2;
const PRODUCER = 4;
const CONSUMER = 5;

function named(spans: readonly CollectedSpan[], name: string): readonly CollectedSpan[] {
  return spans.filter((span) => span.name === name);
}

function only(spans: readonly CollectedSpan[], name: string): CollectedSpan {
  const [span, ...others] = named(spans, name);
  if (span === undefined || others.length > 0) {
    throw new Error(`${others.length + (span === undefined ? 0 : 1)} spans ${name}`);
  }
  return span;
}

/** Everything about a saga stands in one trace, right under its acceptance. */
function expectOneTrace(spans: readonly CollectedSpan[], kind: string): CollectedSpan {
  const accepted = only(spans, `accept ${kind}`);
  for (const span of spans) {
    expect(span.traceId).toBe(accepted.traceId);
    if (span !== accepted) expect(span.parentSpanId).toBe(accepted.spanId);
  }
  return accepted;
}

/** Every attribute there is. */
const TOLD = new Set([
  'saga.id',
  'saga.kind',
  'saga.epoch',
  'saga.doing',
  'saga.step',
  'saga.attempt',
  'saga.outcome',
  'error.type',
  'messaging.system',
  'http.request.method',
  'http.route',
  'http.response.status_code',
]);

/** The body is sent when the server has the head and says that it wants more. @returns the job's id. */
async function provisionSlowly(app: TestApplication): Promise<string> {
  const request = http.request(`${app.url}/api/freqtrade/provision`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await app.token(UID)}`,
      'content-type': 'application/json',
      expect: '100-continue',
    },
  });
  request.flushHeaders();
  await once(request, 'continue');
  request.end(JSON.stringify(BODY));
  const [response] = await once(request, 'response');
  const { jobId } = JSON.parse(await text(response));
  return jobId;
}

const traceparentIn = async (app: TestApplication) =>
  (await app.db.collection('sagas').find().toArray()).map(({ traceparent }) => traceparent);

describe('a collector is configured', () => {
  it('a deletion: one trace from the request over the wake-up to every attempt', async () => {
    const collector = await startCollector();
    const app = await startWithWorkersBeside({
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint, OTEL_SERVICE_NAME: 'reclaim-test' },
    });
    const bot = await placeBot(app, 'pooled');

    const { body } = await deleteBot(app, bot);

    expect(body.success).toBe(true);
    const ends = ['wake delete-bot', 'run remove-container'];
    const spans = await collector.sagaSpans(body.jobId, ...ends);
    const accepted = expectOneTrace(spans, 'delete-bot');
    const request = await waitFor('the span of the request', () =>
      collector.spans.find(({ kind }) => kind === SERVER),
    );
    expect(accepted.parentSpanId).toBe(request.spanId);
    expect(request.traceId).toBe(accepted.traceId);
    expect(request.name).toBe('DELETE /api/freqtrade/bots/:instanceId');
    expect(request.parentSpanId).toBeUndefined();
    expect(request.attributes).toEqual({
      'http.request.method': 'DELETE',
      'http.route': '/api/freqtrade/bots/:instanceId',
      'http.response.status_code': 200,
    });
    expect(only(spans, 'wake delete-bot').kind).toBe(PRODUCER);
    expect(only(spans, 'claim delete-bot').kind).toBe(CONSUMER);
    only(spans, 'capture-all delete-bot');
    for (const step of ['lock-allocation', 'stop-container', 'update-pool-state']) {
      expect(only(spans, `run ${step}`).attributes).toEqual({
        'saga.id': body.jobId,
        'saga.kind': 'delete-bot',
        'saga.epoch': 1,
        'saga.doing': 'run',
        'saga.step': step,
        'saga.attempt': 1,
        'saga.outcome': 'succeeded',
      });
    }
    only(spans, 'run refund-wallet');
    only(spans, 'run write-transaction');
    expect(spans.every(({ service }) => service === 'reclaim-test')).toBe(true);
    expect(spans.some(({ isError }) => isError)).toBe(false);
  });

  it('a deletion that is taken back: its failed attempts, each with its code, and its compensations', async () => {
    const collector = await startCollector();
    const app = await startTestApplication({
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
        ON_STOP_FAILURE: 'restore',
        STOP_TIMEOUT_MS: '1000',
      },
    });
    const bot = await placeBot(app, 'dedicated', { uid: 'uid-secret-name' });
    await injectFaults(app, bot, { refuseStop: true });

    const { body } = await deleteBot(app, bot);

    expect(body.state).toBe('compensated');
    const spans = await collector.sagaSpans(body.jobId, 'compensate lock-allocation');
    expectOneTrace(spans, 'delete-bot');
    const stops = spans.filter(({ attributes }) => attributes['saga.step'] === 'stop-container');
    const failed = stops.filter(({ attributes }) => attributes['saga.outcome'] === 'failed');
    expect(failed.length).toBeGreaterThan(1);
    for (const { isError, attributes } of failed) {
      expect(isError).toBe(true);
      expect(attributes['error.type']).toMatch(/^[A-Z_]+$/);
    }
    const undone = only(spans, 'compensate lock-allocation').attributes;
    expect(undone).toMatchObject({ 'saga.attempt': 1, 'saga.outcome': 'compensated' });
    // Neither who nor how much leaves the house: what is told is a list, and nothing on it can tell.
    const told = new Set(collector.spans.flatMap(({ attributes }) => Object.keys(attributes)));
    expect([...told].filter((name) => !TOLD.has(name))).toEqual([]);
    const sent = collector.bodies.join('\n');
    for (const secret of [bot.uid, bot.userId, 'Bearer']) expect(sent).not.toContain(secret);
  });

  it('a request that names a trace: its saga goes on with it; one with a broken name begins its own', async () => {
    const collector = await startCollector();
    const app = await startTestApplication({
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint },
    });
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const callers = `00-${traceId}-b7ad6b7169203331-01`;
    const one = await placeBot(app, 'dedicated');
    const other = await placeBot(app, 'dedicated', { uid: 'uid-two' });
    const request = { prefer: 'wait=20' };

    const first = await app.call(one.uid, 'DELETE', `/bots/${one.instanceId}`, {
      ...request,
      traceparent: callers,
    });
    const second = await app.call(other.uid, 'DELETE', `/bots/${other.instanceId}`, {
      ...request,
      traceparent: `${callers}-more`,
    });

    const mine = await collector.sagaSpans(first.body.jobId, 'run refund-wallet');
    expect(expectOneTrace(mine, 'delete-bot').traceId).toBe(traceId);
    const own = await collector.sagaSpans(second.body.jobId, 'run refund-wallet');
    expect(expectOneTrace(own, 'delete-bot').traceId).not.toBe(traceId);
  });

  it('a request whose body comes after its head: its saga stands under it all the same', async () => {
    const collector = await startCollector();
    const app = await setUpProvisioning({
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint },
    });
    const jobId = await provisionSlowly(app);
    const spans = await collector.sagaSpans(jobId, 'run reserve-funds');
    const accepted = expectOneTrace(spans, 'provision-bot');
    const request = await waitFor('the span of the request', () =>
      collector.spans.find(({ spanId }) => spanId === accepted.parentSpanId),
    );
    expect(request.name).toBe('POST /api/freqtrade/provision');
  });

  it('a saga that another one orders: in the trace of the request that began it all', async () => {
    const collector = await startCollector();
    const app = await startTestApplication({
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint, SYNC_YOUNG_SECONDS: '0' },
    });
    const { uid } = await orphanOf(app, 'uid-orphan');

    const jobId = await startSync(app, uid);
    await jobIn(app, uid, jobId, 'completed');

    const sync = await collector.sagaSpans(jobId, 'run record');
    const { traceId } = only(sync, 'accept sync-wallet');
    const child = await waitFor('the child in the same trace', () =>
      collector.spans.find(
        (span) => span.name === 'accept reclaim-orphan' && span.traceId === traceId,
      ),
    );
    const repairs = named(sync, 'run repair').map(({ spanId }) => spanId);
    expect(repairs).toContain(child.parentSpanId);
    const ofChild = await collector.sagaSpans(
      String(child.attributes['saga.id']),
      'run refund-wallet',
    );
    expectOneTrace(ofChild, 'reclaim-orphan');
  });

  it('the worker is killed and another process takes over: the attempts of both in one trace', async () => {
    const collector = await startCollector();
    const app = await startTestApplication({
      env: {
        WORKERS: 'none',
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
        STOP_TIMEOUT_MS: '60000',
      },
    });
    const bot = await placeBot(app, 'dedicated');
    await injectFaults(app, bot, { refuseStop: true });
    const jobId = await acceptDelete(app, bot);

    const first = await startWorkerProcess(app.env);
    await collector.sagaSpans(jobId, 'claim delete-bot', 'run stop-container');
    await first.kill();
    await injectFaults(app, bot, null);
    const second = await startWorkerProcess(app.env);
    await jobIn(app, bot.uid, jobId, 'completed');

    const spans = await collector.sagaSpans(jobId, 'run remove-container');
    expectOneTrace(spans, 'delete-bot');
    const epochsOf = (pid: number) =>
      spans
        .filter((span) => span.pid === pid)
        .map((span) => Number(span.attributes['saga.epoch']))
        .toSorted((one, other) => one - other);
    // The captures are taken before the first claim. A worker may sleep between attempts and claim anew.
    expect([...new Set(epochsOf(first.pid))].slice(0, 2)).toEqual([0, 1]);
    expect(epochsOf(second.pid)[0]).toBeGreaterThan(epochsOf(first.pid).at(-1) ?? Number.NaN);
    const claims = named(spans, 'claim delete-bot');
    expect([...new Set(claims.map(({ pid }) => pid))]).toEqual([first.pid, second.pid]);
  });

  it('records without a trace, or with a broken one: run as ever, each attempt a trace of its own', async () => {
    const collector = await startCollector();
    const app = await startTestApplication({
      env: { WORKERS: 'none', OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint },
    });
    const bots = [
      await placeBot(app, 'dedicated'),
      await placeBot(app, 'pooled', { uid: 'uid-b' }),
    ];
    const [old = '', broken = ''] = await Promise.all(bots.map((bot) => acceptDelete(app, bot)));
    const sagas = app.db.collection<{ _id: string }>('sagas');
    await sagas.updateOne({ _id: old }, { $unset: { traceparent: '' } });
    await sagas.updateOne({ _id: broken }, { $set: { traceparent: 'not a trace' } });

    const workers = startWorkers(app.services, ['deletion']);
    onTestFinished(() => workers.stop());

    for (const jobId of [old, broken]) {
      const spans = await collector.sagaSpans(jobId, 'run remove-container');
      const attempts = spans.filter(({ attributes }) => 'saga.step' in attributes);
      expect(attempts.length).toBeGreaterThan(4);
      for (const { parentSpanId } of attempts) expect(parentSpanId).toBeUndefined();
    }
  });
});

describe('the process ends', () => {
  it('straight after a deletion: what waited to be sent was sent', async () => {
    const collector = await startCollector();
    const app = await startTestApplication({
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint },
    });
    const bot = await placeBot(app, 'dedicated');
    await deleteBot(app, bot);
    await app.stop();
    only(collector.spans, 'DELETE /api/freqtrade/bots/:instanceId');
    only(collector.spans, 'run remove-container');
  });
});

describe('the collector is ill, or there is none', () => {
  it('it takes requests and never answers: deletions end as ever, and so does the process', async () => {
    const collector = await startCollector('hangs');
    const app = await startTestApplication({
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint },
    });
    const bot = await placeBot(app, 'dedicated');
    const other = await placeBot(app, 'pooled', { uid: 'uid-two' });

    expect((await deleteBot(app, bot)).body.success).toBe(true);
    await waitFor('an export that hangs', () => collector.bodies.length > 0);
    expect((await deleteBot(app, other)).body.success).toBe(true);
    await app.stop();
  });

  it('nobody listens at its address: deletions end as ever, and so does the process', async () => {
    const app = await startTestApplication({
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9/collector' },
    });
    const bot = await placeBot(app, 'dedicated');
    expect((await deleteBot(app, bot)).body.success).toBe(true);
    expect(await traceparentIn(app)).toEqual([expect.stringMatching(/^00-[\da-f-]+-01$/)]);
    await app.stop();
  });

  it('none configured: nothing follows, and nothing is kept with the saga', async () => {
    const app = await startTestApplication();
    const bot = await placeBot(app, 'dedicated');
    const { body } = await app.call(bot.uid, 'DELETE', `/bots/${bot.instanceId}`, {
      prefer: 'wait=20',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    });
    expect(body.success).toBe(true);
    expect(app.services.telemetry).toBeNull();
    expect(await traceparentIn(app)).toEqual([undefined]);
  });

  it('none configured: nothing of the exporter is even loaded', async () => {
    const watch = `
      import { registerHooks } from 'node:module';
      registerHooks({ resolve: (name, context, next) => {
        const found = next(name, context);
        if (found.url.includes('/node_modules/')) console.log(found.url);
        return found;
      } });
      await import('./src/main/compose/application.ts');`;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '--eval', watch],
      { cwd: fileURLToPath(new URL('../..', import.meta.url)), maxBuffer: 64 * 1024 * 1024 },
    );
    expect(stdout).toContain('/node_modules/bullmq/');
    expect(stdout).not.toMatch(/@opentelemetry\/(sdk|exporter|resources|otlp)/);
  });
});
