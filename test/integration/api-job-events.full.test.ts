// A job watched over HTTP by server-sent events, on real servers: from its acceptance to its end, again after a
// break, past a stop for an operator, through an outage of the log, until the server stops.

import { request } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startWorkers } from '../../src/main/compose/workers.ts';
import { readMetrics, startTestApplication, type TestApplication } from '../support/application.ts';
import {
  acceptDelete,
  injectFaults,
  jobIn,
  type PlacedBot,
  placeBot,
} from '../support/deletions.ts';
import { type EventReader, readEvents, type SentEvent } from '../support/event-stream.ts';

async function watch(
  app: TestApplication,
  uid: string,
  jobId: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<EventReader> {
  return readEvents(`${app.url}/api/freqtrade/jobs/${jobId}/events`, await app.token(uid), headers);
}

const isIn =
  (state: string) =>
  ({ data }: SentEvent) =>
    data.state === state;

const isAt =
  (step: string) =>
  ({ data }: SentEvent) =>
    data.step === step && data.state === 'running';

/** A deletion that nobody works on yet. */
async function queuedDeletion(mongodbUri?: string) {
  const app = await startTestApplication({
    env: { WORKERS: 'none' },
    ...(mongodbUri !== undefined && { mongodbUri }),
  });
  const bot = await placeBot(app, 'dedicated');
  const jobId = await acceptDelete(app, bot);
  return { app, bot, jobId };
}

function startWorking(app: TestApplication): void {
  const workers = startWorkers(app.services, ['deletion', 'relay']);
  onTestFinished(() => workers.stop());
}

async function stuckDeletion(): Promise<{ app: TestApplication; bot: PlacedBot; jobId: string }> {
  const env = { ON_STOP_FAILURE: 'hold', STOP_TIMEOUT_MS: '500' };
  const app = await startTestApplication({ env });
  const bot = await placeBot(app, 'dedicated');
  await injectFaults(app, bot, { refuseStop: true });
  const jobId = await acceptDelete(app, bot);
  return { app, bot, jobId };
}

describe('a job that is watched', () => {
  it('from its acceptance to its end: every event the whole job, ids rising, closed after the last', async () => {
    const { app, bot, jobId } = await queuedDeletion();
    const stream = await watch(app, bot.uid, jobId);
    expect(stream.status).toBe(200);
    expect(stream.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
    });
    await stream.event('the job as it is', isIn('queued'));
    await injectFaults(app, bot, { refuseStop: true });
    startWorking(app);
    await stream.event('the stop', isAt('stop-container'));
    await injectFaults(app, bot, null);
    await stream.hasEnded();
    expect(stream.end()).toBe('ended');
    const ids = stream.events.map(({ id }) => Number(id));
    expect(ids).toEqual([...new Set(ids)].toSorted((a, b) => a - b));
    expect(stream.events.length).toBeGreaterThanOrEqual(3);
    const shown = (await app.call(bot.uid, 'GET', `/jobs/${jobId}`)).body;
    expect(shown).toMatchObject({ state: 'completed', result: { wallet: { returned: 110 } } });
    expect(stream.events.at(-1)?.data).toEqual(shown);
    expect(stream.fields).toEqual([expect.stringMatching(/^retry: \d{4}$/)]);
  });
});

describe('who may watch, and for how long', () => {
  it('HEAD: opens no stream', async () => {
    const { app, bot, jobId } = await queuedDeletion();
    const { promise, resolve } = Promise.withResolvers<number>();
    const authorization = `Bearer ${await app.token(bot.uid)}`;
    const url = `${app.url}/api/freqtrade/jobs/${jobId}/events`;
    request(url, { method: 'HEAD', headers: { authorization } }, (response) => {
      resolve(response.statusCode ?? 0);
    }).end();
    expect(await promise).toBe(405);
    expect(await streamsOpen(app)).toBe(0);
  });

  it('the server stops: its streams end at once, also those that nobody reads', async () => {
    const { app, bot, jobId } = await stuckDeletion();
    await jobIn(app, bot.uid, jobId, 'stuck');
    const streams = await Promise.all([1, 2, 3].map(() => watch(app, bot.uid, jobId)));
    streams[2]?.pause();
    expect(await streamsOpen(app)).toBe(3);
    await app.stop();
    for (const stream of streams) {
      stream.resume();
      await stream.hasEnded();
      expect(stream.events.at(-1)?.data.state).toBe('stuck');
    }
  });
});

async function streamsOpen(app: TestApplication): Promise<number> {
  const metrics = await readMetrics(app);
  return Number(/^reclaim_event_streams_open (\d+)$/m.exec(metrics)?.[1]);
}
