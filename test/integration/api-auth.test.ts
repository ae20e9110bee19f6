import { Redis } from 'ioredis';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import type { IdentityVerifier } from '../../src/infra/identities/identity-verifier.ts';
import { createTestApi, expectProblem, type TestApi } from '../support/api.ts';

const PREFIX = '/api/freqtrade';

interface BodySchema {
  readonly required?: readonly string[];
  readonly properties: Record<string, { readonly enum?: readonly string[] }>;
}

interface Operation {
  readonly security?: unknown;
  readonly requestBody?: { content: { 'application/json': { schema: BodySchema } } };
}

/** Every route that the API documents as one that needs a token, with a body that it can read. */
async function routesWithToken(api: TestApi) {
  const { paths } = (await api.app.inject({ url: '/docs/json' })).json();
  return Object.entries<Record<string, Operation>>(paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, { security, requestBody }]) =>
      security === undefined
        ? []
        : [
            {
              method: method.toUpperCase() as 'GET' | 'POST' | 'DELETE',
              url: path.replace('{id}', 'fnd-1').replace(/\{\w+\}/, 'del-000000000001'),
              ...(requestBody && { payload: bodyOf(requestBody.content['application/json']) }),
            },
          ],
    ),
  );
}

function bodyOf({ schema: { required = [], properties } }: { readonly schema: BodySchema }) {
  return Object.fromEntries(required.map((name) => [name, properties[name]?.enum?.[0] ?? 'text']));
}

describe('the bearer token', () => {
  test('every route that needs one, without it: 401 with a challenge, and nothing is asked for', async () => {
    const api = await createTestApi();
    const routes = await routesWithToken(api);
    expect(routes.length).toBeGreaterThan(25);
    for (const route of routes) {
      const response = await api.app.inject(route);
      expectProblem(response, 401, 'unauthenticated');
      expect(response.headers['www-authenticate'], route.url).toBe('Bearer realm="reclaim"');
    }
    expect([api.deleteRequests, api.provisionRequests, api.cancels]).toEqual([[], [], []]);
  });

  test.each([
    ['Basic YWxpY2U6', ''],
    ['Bearer', ''],
    ['Bearer a b', ''],
    ['Bearer garbage', 'invalid'],
    [`Bearer ${'x'.repeat(9000)}`, ''],
  ])('%.20s: 401', async (authorization, reason) => {
    const api = await createTestApi();
    const response = await api.app.inject({ url: `${PREFIX}/bots`, headers: { authorization } });
    expectProblem(response, 401, 'unauthenticated');
    if (reason !== '') {
      expect(response.headers['www-authenticate']).toContain('error="invalid_token"');
      expect(response.json()).toMatchObject({ reason });
    }
  });

  test('expired: 401 that says so', async () => {
    const api = await createTestApi();
    const token = await api.token('alice', { now: new Date(Date.now() - 13 * 3600_000) });
    const headers = { authorization: `Bearer ${token}` };
    const response = await api.app.inject({ url: `${PREFIX}/bots`, headers });
    expect(expectProblem(response, 401, 'unauthenticated')).toMatchObject({ reason: 'expired' });
  });

  test('the identity provider is away: 503 with Retry-After, and the reason only in the log', async () => {
    const unavailable = async () =>
      ({ status: 'unavailable', reason: 'certificates not fetched' }) as const;
    const identities: IdentityVerifier = { verify: unavailable, confirm: unavailable };
    const api = await createTestApi({ deps: { identities } });
    const response = await api.as('alice', { url: `${PREFIX}/bots` });
    expectProblem(response, 503, 'identity-unavailable');
    expect(response.headers['retry-after']).toBe('5');
    expect(response.body).not.toContain('certificates');
    expect(api.logLines.join()).toContain('certificates not fetched');
  });

  test('every route of administrators, as a user, with an account or without: 403, and nothing is asked for', async () => {
    const ask = () => Promise.reject(new Error('it was asked for'));
    const api = await createTestApi({
      deps: {
        ...{ resolveFindings: { resolve: ask }, confirmHost: { confirm: ask }, syncAll: ask },
        audits: { auditUser: ask, auditAll: ask, lastRun: ask },
      },
      adminReads: { overview: ask, world: ask, openFindings: ask, orphanHistory: ask },
      routed: { list: ask, find: ask, order: ask, plan: ask },
    });
    const routes = await routesWithToken(api);
    const ofAdmins = routes.filter(({ url }) => url.startsWith(`${PREFIX}/admin/`));
    expect(ofAdmins.length).toBeGreaterThan(12);
    for (const route of ofAdmins) {
      for (const user of ['alice', 'nobody']) {
        expectProblem(await api.as(user, route), 403, 'admin-only');
        if (route.method === 'GET') continue;
        // Before its body is read.
        const headers = { 'content-type': 'application/json' };
        const unreadable = { ...route, headers, payload: '{' };
        expectProblem(await api.as(user, unreadable), 403, 'admin-only');
      }
    }
  });

  test('whatever is logged, at the finest level: no token and no cookie in it', async () => {
    const api = await createTestApi({ answer: () => Promise.reject(new Error('odd')) });
    const token = await api.token('alice');
    const headers = { authorization: `Bearer ${token}`, cookie: 'reclaim_session=secret-cookie' };
    await api.app.inject({ method: 'DELETE', url: `${PREFIX}/bots/alice-bot-1`, headers });
    api.app.log.info({ req: { headers }, token }, 'a careless line');
    api.app.log.info({ request: { headers } }, 'another');
    expect(api.logLines.length).toBeGreaterThan(3);
    expect(api.logLines.join('')).not.toContain(token);
    expect(api.logLines.join('')).not.toContain('secret-cookie');
    expect(api.logLines.join('')).toContain('[redacted]');
  });
});

describe('the rate limit', () => {
  test('one user past it: 429 with Retry-After; another user and the health routes go on', async () => {
    const api = await createTestApi({ settings: { rateLimitPerMinute: 3 } });
    for (let sent = 0; sent < 3; sent += 1) {
      expect((await api.as('alice', { url: `${PREFIX}/bots` })).statusCode).toBe(200);
    }
    const response = await api.as('alice', { url: `${PREFIX}/wallet` });
    expectProblem(response, 429, 'too-many-requests');
    expect(Number(response.headers['retry-after'])).toBeGreaterThan(0);
    expect((await api.as('bob', { url: `${PREFIX}/bots` })).statusCode).toBe(200);
    expect((await api.app.inject({ url: '/livez' })).statusCode).toBe(200);
  });

  test('two processes on one Redis: counted together', async () => {
    const redis = new Redis(inject('redisUrl'), { keyPrefix: `t-${crypto.randomUUID()}:` });
    onTestFinished(() => void redis.disconnect());
    const shared = { deps: { rateLimitRedis: redis }, settings: { rateLimitPerMinute: 1 } };
    const [one, other] = [await createTestApi(shared), await createTestApi(shared)];
    expect((await one.as('alice', { url: `${PREFIX}/bots` })).statusCode).toBe(200);
    const response = await other.as('alice', { url: `${PREFIX}/bots` });
    expectProblem(response, 429, 'too-many-requests');
  });

  test('its Redis is away: requests pass', async () => {
    const redis = new Redis({
      host: '127.0.0.1',
      port: 1,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 1,
      lazyConnect: true,
    });
    redis.on('error', () => undefined);
    onTestFinished(() => void redis.disconnect());
    const api = await createTestApi({
      deps: { rateLimitRedis: redis },
      settings: { rateLimitPerMinute: 1 },
    });
    for (let sent = 0; sent < 3; sent += 1) {
      expect((await api.as('alice', { url: `${PREFIX}/bots` })).statusCode).toBe(200);
    }
  });
});
