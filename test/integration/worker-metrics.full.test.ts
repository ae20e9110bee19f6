// What a process of workers alone tells the outside, from a real process: what it has counted is nowhere else.

import { expect, it } from 'vitest';
import { anyFreePort } from '../../src/infra/embedded/ports.ts';
import { listenForMetrics } from '../../src/main/metrics-listener.ts';
import { readMetrics, startTestApplication, type TestApplication } from '../support/application.ts';
import { deleteBot, placeBot } from '../support/deletions.ts';
import { waitFor } from '../support/wait-for.ts';
import { startWorkerProcess } from '../support/worker-process.ts';

async function startWorkers(app: TestApplication, port: number) {
  const worker = await startWorkerProcess({ ...app.env, METRICS_PORT: String(port) });
  const url = `http://127.0.0.1:${port}`;
  await waitFor('the worker to listen', () => fetch(`${url}/livez`).then(Boolean, () => false));
  return { worker, url };
}

it('METRICS_PORT: a worker shows its counters and the log’s gauges, is alive, and listens no longer than it works', async () => {
  const app = await startTestApplication({ env: { WORKERS: 'none' } });
  const { worker, url } = await startWorkers(app, await anyFreePort());
  expect((await deleteBot(app, await placeBot(app, 'dedicated'))).body).toMatchObject({
    success: true,
  });

  const live = await fetch(`${url}/livez`);
  expect([live.status, await live.json()]).toEqual([200, { status: 'ok' }]);
  const headers = { authorization: `Bearer ${String(app.env.METRICS_TOKEN)}` };
  for (const wrong of [{}, { authorization: 'Bearer another' }]) {
    expect((await fetch(`${url}/metrics`, { headers: wrong })).status).toBe(401);
  }
  const metrics = await fetch(`${url}/metrics`, { headers });
  expect(metrics.headers.get('content-type')).toContain('text/plain; version=');
  const text = await metrics.text();
  expect(text).toMatch(/^sagas_ended_total\{[^}]*saga="delete-bot"[^}]*\} 1$/m);
  expect(text).toMatch(/^findings_open\{/m);
  expect(await readMetrics(app)).not.toMatch(/^sagas_ended_total\{/m);
  expect((await fetch(`${url}/bots`)).status).toBe(404);
  expect((await fetch(`${url}/metrics`, { method: 'POST' })).status).toBe(405);

  expect(await worker.end()).toBe(0);
  await expect(fetch(`${url}/livez`)).rejects.toThrow();
});

it('a port that is taken: the worker does not start, and ends with an error', async () => {
  const app = await startTestApplication({ env: { WORKERS: 'none' } });
  const taken = new URL(app.url).port;
  const worker = await startWorkerProcess({ ...app.env, METRICS_PORT: taken });
  expect(await worker.ended()).toBe(1);
});

it('metrics that cannot be collected: 500, and told', async () => {
  const told: unknown[] = [];
  const lost = new Error('lost');
  const listener = await listenForMetrics({
    config: { metricsPort: 0, metricsHost: '127.0.0.1', metricsToken: undefined },
    metrics: { registry: { contentType: 'text/plain', metrics: () => Promise.reject(lost) } },
    log: { warn: (facts) => told.push(facts) },
  });
  expect((await fetch(`${listener?.url}/metrics`)).status).toBe(500);
  expect(told).toEqual([{ err: lost }]);
  await listener?.stop();
  await listener?.stop();
});
