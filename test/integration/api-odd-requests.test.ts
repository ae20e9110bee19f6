// Requests that are odd and meant well: a type without a body, a slash too many, a file that is not there.

import { expect, test } from 'vitest';
import { createTestApi, expectProblem } from '../support/api.ts';
import { sagaIn } from '../support/saga-in.ts';

const PREFIX = '/api/freqtrade';

test.each(['application/x-www-form-urlencoded', 'text/plain', 'application/json', 'x/y'])(
  'an empty body that calls itself %s (curl -X POST -d ""): no body, and accepted',
  async (type) => {
    const saga = sagaIn('queued');
    const request = async () => ({ ...saga, status: 'accepted' as const });
    const rehearse = async () => {
      throw new Error('nothing is rehearsed here');
    };
    const api = await createTestApi({ deps: { syncs: { request, rehearse } } });
    const headers = { 'content-type': type, 'content-length': '0' };
    const reply = await api.as('alice', { method: 'POST', url: `${PREFIX}/sync-wallet`, headers });
    expect(reply.statusCode).toBe(202);
    expect(reply.json()).toMatchObject({ jobId: saga.id });
  },
);

test('a route that needs a body, and an empty one: 400, not 415', async () => {
  const api = await createTestApi();
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const post = { method: 'POST', url: `${PREFIX}/provision`, headers, payload: '' } as const;
  expectProblem(await api.as('alice', post), 400, 'invalid-request');
});

test('a slash at the end: the same resource, and the same refusals', async () => {
  const api = await createTestApi({ sagas: [] });
  for (const url of ['/livez/', '/ops/', '/docs/', `${PREFIX}/bots/`, `${PREFIX}/wallet/?x`]) {
    const reply = await api.as('alice', { url });
    expect({ url, status: reply.statusCode }).toEqual({ url, status: 200 });
  }
  expectProblem(await api.as('alice', { url: '/nothing/' }), 404, 'not-found');
  const put = await api.as('alice', { method: 'PUT', url: `${PREFIX}/bots/` });
  expectProblem(put, 405, 'method-not-allowed');
  expect(put.headers.allow).toBe('GET, HEAD');
});

test.each(['GET', 'HEAD'] as const)(
  '%s of a file that is not there: 404, wherever files are served',
  async (method) => {
    const api = await createTestApi();
    for (const url of [
      '/docs/static/nothing.js',
      '/docs/static/',
      '/assets/nothing.js',
      '/nothing.css',
    ]) {
      const { statusCode } = await api.app.inject({ method, url });
      expect({ url, statusCode }).toEqual({ url, statusCode: 404 });
    }
    const post = await api.app.inject({ method: 'POST', url: '/docs/static/nothing.js' });
    expectProblem(post, 405, 'method-not-allowed');
  },
);
