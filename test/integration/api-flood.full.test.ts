// What a stranger may ask for before anybody knows him, and whom that disturbs.

import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { addressKey } from '../../src/api/admission.ts';
import { createTokenBuckets } from '../../src/api/token-buckets.ts';
import { createTestApi, expectProblem, METRICS_TOKEN, type TestApi } from '../support/api.ts';
import { sagaIn } from '../support/saga-in.ts';
import { waitFor } from '../support/wait-for.ts';

const PREFIX = '/api/freqtrade';
const SESSION = { method: 'POST', url: `${PREFIX}/session` } as const;

async function statuses(count: number, send: () => Promise<{ statusCode: number }>) {
  const found: Record<number, number> = {};
  for (let n = 0; n < count; n += 1) {
    const { statusCode } = await send();
    found[statusCode] = (found[statusCode] ?? 0) + 1;
  }
  return found;
}

const BAD: readonly [string, (api: TestApi) => Promise<{ statusCode: number }>, number][] = [
  [
    'bad tokens',
    (api) => api.app.inject({ ...SESSION, headers: { authorization: 'Bearer a.b.c' } }),
    401,
  ],
  ['no token', (api) => api.app.inject({ url: `${PREFIX}/bots` }), 401],
  [
    'bad cookies',
    (api) => api.app.inject({ url: `${PREFIX}/bots`, headers: { cookie: 'reclaim_session=a.b' } }),
    401,
  ],
  ['addresses nobody serves', (api) => api.app.inject({ url: '/nothing' }), 404],
  ['the document of the API', (api) => api.app.inject({ url: '/docs/json' }), 200],
  ['the same as YAML', (api) => api.app.inject({ url: '/docs/yaml' }), 200],
  ['metrics without the token', (api) => api.app.inject({ url: '/metrics' }), 401],
  [
    'demo sessions',
    (api) => api.app.inject({ method: 'POST', url: `${PREFIX}/demo/session`, payload: {} }),
    404,
  ],
  ['how to sign in', (api) => api.app.inject({ url: `${PREFIX}/sign-in` }), 200],
  ['the queue board', (api) => api.app.inject({ url: '/admin/queues' }), 401],
  ['an address that does not decode', (api) => api.app.inject({ url: '/%zz' }), 400],
  [
    'a parameter without end',
    (api) => api.app.inject({ url: `${PREFIX}/jobs/${'x'.repeat(2_000)}` }),
    414,
  ],
  ['readiness', (api) => api.app.inject({ url: '/readyz' }), 200],
];

test.each(BAD)(
  '%s, again and again: 429 with Retry-After once the address has had its share',
  async (_what, send, first) => {
    const api = await createTestApi({ settings: { addressRateLimitPerMinute: 5 } });
    expect(await statuses(5, () => send(api))).toEqual({ [first]: 5 });
    const refused = await api.app.inject({ url: '/nothing' });
    expectProblem(refused, 429, 'too-many-requests');
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect(await send({ ...api }).then(({ statusCode }) => statusCode)).toBe(429);
  },
);

test('a flood from the address of a user who is at work: neither token nor session of theirs is refused', async () => {
  const saga = sagaIn('running');
  const api = await createTestApi({ sagas: [saga], settings: { addressRateLimitPerMinute: 20 } });
  const url = `${PREFIX}/jobs/${saga.id}`;
  const authorization = `Bearer ${await api.token('alice')}`;
  const opened = await api.app.inject({ ...SESSION, headers: { authorization } });
  const cookie = String(opened.headers['set-cookie']).split(';')[0] ?? '';
  expect((await api.app.inject({ url, headers: { cookie } })).statusCode).toBe(200);
  const flood = await statuses(100, () =>
    api.app.inject({ ...SESSION, headers: { authorization: 'Bearer x' } }),
  );
  expect(flood[429]).toBeGreaterThanOrEqual(75);
  expect(await statuses(50, () => api.app.inject({ url, headers: { cookie } }))).toEqual({
    200: 50,
  });
  expect(await statuses(50, () => api.app.inject({ url, headers: { authorization } }))).toEqual({
    200: 50,
  });
  expect((await api.app.inject({ url: '/', headers: { cookie } })).statusCode).toBe(200);
});

test('good credentials of many users behind one address: what they are counted is given back', async () => {
  const api = await createTestApi({ settings: { addressRateLimitPerMinute: 3 } });
  for (let second = 0; second < 20; second += 1) {
    const now = new Date(Date.now() - second * 1_000);
    const headers = { authorization: `Bearer ${await api.token('alice', { now })}` };
    expect((await api.app.inject({ url: `${PREFIX}/wallet`, headers })).statusCode).toBe(200);
  }
});

test('a session that ended: its cookie is a stranger again', async () => {
  const api = await createTestApi({ settings: { addressRateLimitPerMinute: 3 } });
  const opened = await api.as('alice', SESSION);
  const cookie = String(opened.headers['set-cookie']).split(';')[0] ?? '';
  const headers = { cookie, origin: 'http://localhost', host: 'localhost' };
  await api.app.inject({ method: 'DELETE', url: `${PREFIX}/session`, headers });
  const found = await statuses(10, () =>
    api.app.inject({ url: `${PREFIX}/bots`, headers: { cookie } }),
  );
  expect(found).toEqual({ 401: 4, 429: 6 });
});

test('a page of forty files counts as four requests', async () => {
  const api = await createTestApi({ settings: { addressRateLimitPerMinute: 5 } });
  expect(await statuses(40, () => api.app.inject({ url: '/' }))).toEqual({ 200: 40 });
});

test('the address is that of the socket, or what a proxy of ours saw: never what the sender writes', async () => {
  const limited = { addressRateLimitPerMinute: 2 };
  const api = await createTestApi({ settings: { ...limited, trustProxy: 1 } });
  const from = (list: string) =>
    api.app.inject({ url: '/nothing', headers: { 'x-forwarded-for': list } });
  let n = 0;
  const forged = () => from(`203.0.113.${n++}, 198.51.100.1`);
  expect(await statuses(4, forged)).toEqual({ 404: 2, 429: 2 });
  expect((await from('198.51.100.2')).statusCode).toBe(404);
  const plain = await createTestApi({ settings: limited });
  const spoof = () =>
    plain.app.inject({ url: '/nothing', headers: { 'x-forwarded-for': `203.0.113.${n++}` } });
  expect(await statuses(4, spoof)).toEqual({ 404: 2, 429: 2 });
});

test('Redis is away: users are bounded in memory all the same', async () => {
  const redis = new Redis({
    port: 1,
    lazyConnect: true,
    maxRetriesPerRequest: 1,
    retryStrategy: () => null,
    enableOfflineQueue: false,
  });
  redis.on('error', () => undefined);
  onTestFinished(() => redis.disconnect());
  const api = await createTestApi({
    deps: { rateLimitRedis: redis },
    settings: { rateLimitPerMinute: 5 },
  });
  const authorization = `Bearer ${await api.token('alice')}`;
  const found = await statuses(30, () =>
    api.app.inject({ url: `${PREFIX}/wallet`, headers: { authorization } }),
  );
  expect(found[200]).toBeLessThanOrEqual(12);
  expect(found[429]).toBeGreaterThanOrEqual(18);
});

test('what is refused: counted, no line each in the log, one that says so', async () => {
  const api = await createTestApi({ settings: { addressRateLimitPerMinute: 5 } });
  await statuses(55, () => api.app.inject({ url: '/nothing' }));
  const headers = { authorization: `Bearer ${METRICS_TOKEN}` };
  const elsewhere = { remoteAddress: '198.51.100.7' };
  const { body } = await api.app.inject({ url: '/metrics', headers, ...elsewhere });
  expect(body).toMatch(/^reclaim_requests_refused_total 50$/m);
  expect(api.logLines.filter((line) => line.includes('too many'))).toHaveLength(1);
  expect(api.logLines.filter((line) => line.includes('"url":"/nothing"'))).toHaveLength(5);
});

test('a refusal is held for a moment, of a bounded number of requests, and not past the end of the server', async () => {
  const settings = { addressRateLimitPerMinute: 1, refusalHoldMs: 3_600_000 };
  const api = await createTestApi({ settings });
  await api.app.ready();
  const send = () => api.app.inject({ url: '/nothing' });
  expect((await send()).statusCode).toBe(404);
  const answered: number[] = [];
  const all = Array.from({ length: 503 }, async () => answered.push((await send()).statusCode));
  await waitFor('those past the bound to be answered', () => answered.length >= 3);
  expect(answered).toEqual([429, 429, 429]);
  await api.app.close();
  await Promise.all(all);
  expect(answered).toHaveLength(503);
});

test.each([
  ['3,500 parameters', `/nothing?${'a=1&'.repeat(3_500)}`, 414],
  ['33 parameters', `/livez?${'a&'.repeat(32)}b`, 400],
  ['an address without end', `/${'a'.repeat(5_000)}`, 414],
])('%s: refused unread', async (_what, url, status) => {
  const api = await createTestApi();
  expect((await api.app.inject({ url })).statusCode).toBe(status);
});

test('the document of the API: written once, and known again by its tag', async () => {
  const api = await createTestApi();
  for (const [url, type] of [
    ['/docs/json', 'application/json'],
    ['/docs/yaml', 'application/x-yaml'],
  ]) {
    const first = await api.app.inject({ url: String(url) });
    expect(first.headers['content-type']).toContain(type);
    expect(first.headers['content-security-policy']).toContain("default-src 'self'");
    const again = await api.app.inject({
      url: String(url),
      headers: { 'if-none-match': String(first.headers.etag) },
    });
    expect(again.statusCode).toBe(304);
  }
  const document = api.app.swagger();
  document.info.title = 'changed after it was written';
  expect((await api.app.inject({ url: '/docs/json' })).body).not.toContain('changed after');
});

test('senders are counted in bounded memory, and a bucket fills at its rate', () => {
  let nowMs = 0;
  const buckets = createTokenBuckets(3, () => nowMs);
  expect(buckets.take('a', 60, 60)).toBeNull();
  expect(buckets.take('a', 1, 60)).toBe(1_000);
  nowMs += 1_000;
  expect(buckets.take('a', 1, 60)).toBeNull();
  for (const other of ['b', 'c', 'd']) expect(buckets.take(other, 1, 60)).toBeNull();
  expect(buckets.take('a', 60, 60)).toBeNull();
});

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['::1', '0:0:0:0::/64'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:0db8:1::6', '2001:db8:1:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
])('%s is counted as %s', (address, key) => expect(addressKey(address)).toBe(key));
