import { Counter, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { HEALTHY } from '../fakes/api-layers.ts';
import { createTestApi, expectProblem, METRICS_TOKEN } from '../support/api.ts';

const down = { status: 'down', reason: 'connect ECONNREFUSED 10.0.0.7' } as const;

test('everything answers: live and ready', async () => {
  const api = await createTestApi();
  expect((await api.app.inject({ url: '/livez' })).json()).toEqual({ status: 'ok' });
  const ready = await api.app.inject({ url: '/readyz' });
  expect(ready.json()).toEqual({ status: 'ok', degraded: [] });
});

test('all but MongoDB are away: ready, and named without their addresses', async () => {
  const health = {
    ...HEALTHY,
    redis: down,
    docker: { local: HEALTHY.redis, '10.0.0.7:2376': down, b: down },
  };
  const api = await createTestApi({ deps: { health: async () => health } });
  const response = await api.app.inject({ url: '/readyz' });
  expect(response.statusCode).toBe(200);
  expect(response.json()).toEqual({ status: 'degraded', degraded: ['redis', 'docker'] });
});

test('MongoDB is away: 503, but live', async () => {
  const api = await createTestApi({
    deps: { health: async () => ({ ...HEALTHY, mongodb: down }) },
  });
  const response = await api.app.inject({ url: '/readyz' });
  expect(expectProblem(response, 503, 'not-ready')).toMatchObject({ degraded: ['mongodb'] });
  expect((await api.app.inject({ url: '/livez' })).statusCode).toBe(200);
});

test('metrics: with the token and no other; where there is none, for nobody', async () => {
  const api = await createTestApi();
  for (const authorization of [
    undefined,
    'Bearer another',
    METRICS_TOKEN,
    `bearer ${METRICS_TOKEN}`,
  ]) {
    const headers = authorization === undefined ? {} : { authorization };
    expectProblem(await api.app.inject({ url: '/metrics', headers }), 401, 'unauthenticated');
  }
  expectProblem(await api.as('operator', { url: '/metrics', admin: true }), 401, 'unauthenticated');
  const closed = await createTestApi({ settings: { metricsToken: null } });
  const headers = { authorization: 'Bearer null' };
  expectProblem(await closed.app.inject({ url: '/metrics', headers }), 404, 'not-found');
});

test('metrics: the registry given, and requests by route pattern', async () => {
  const metrics = new Registry();
  new Counter({ name: 'fence_rejections', help: 'h', registers: [metrics] }).inc(4);
  const api = await createTestApi({ deps: { metrics } });
  await api.as('alice', { method: 'DELETE', url: '/api/freqtrade/bots/alice-bot-1' });
  const headers = { authorization: `Bearer ${METRICS_TOKEN}` };
  const { body } = await api.app.inject({ url: '/metrics', headers });
  expect(body).toContain('fence_rejections 4');
  expect(body).toContain('route="/api/freqtrade/bots/:instanceId",status="404"} 1');
  expect(body).not.toContain('alice-bot-1');
});

test('headers of every answer: strict content policy, no framing, no sniffing', async () => {
  const api = await createTestApi();
  for (const url of ['/livez', '/nothing', '/api/freqtrade/bots']) {
    const { headers } = await api.app.inject({ url });
    expect(headers['content-security-policy']).toContain("script-src 'self'");
    expect(headers['content-security-policy']).not.toContain('unsafe');
    expect(headers).toMatchObject({
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
    });
  }
});
