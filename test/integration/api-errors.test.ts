import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { createTestApi, expectProblem } from '../support/api.ts';

const PREFIX = '/api/freqtrade';
const DEMO = {
  users: async () => [],
  signIn: async () => ({ token: 't', expiresAt: new Date(0) }),
};

test('an address nobody serves: 404; a method nobody serves there: 405 with those that are', async () => {
  const api = await createTestApi();
  for (const url of ['/nothing', `${PREFIX}/nothing`, `${PREFIX}/bots/x/y`, '/admin/queuesX']) {
    const problem = expectProblem(
      await api.as('alice', { url: `${url}?token=x` }),
      404,
      'not-found',
    );
    expect(problem.instance).toBe(url);
  }
  const put = await api.as('alice', { method: 'PUT', url: `${PREFIX}/bots/alice-bot-1` });
  expectProblem(put, 405, 'method-not-allowed');
  expect(put.headers.allow).toBe('DELETE');
  const post = await api.as('alice', { method: 'POST', url: `${PREFIX}/jobs` });
  expectProblem(post, 405, 'method-not-allowed');
  expect(post.headers.allow).toBe('GET, HEAD');
});

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8';

test.each([
  [BROWSER, 'GET', true],
  ['TEXT/HTML', 'GET', true],
  ['text/html;q=0.5, application/json', 'GET', false],
  ['text/html;q=0', 'GET', false],
  ['application/json', 'GET', false],
  ['*/*', 'GET', false],
  [BROWSER, 'DELETE', false],
] as const)('a problem for who accepts %s, by %s: a page: %s', async (accept, method, isPage) => {
  const { app } = await createTestApi();
  const headers = { accept };
  for (const [url, status] of [
    ['/no/<b>such</b>', 404],
    [`${PREFIX}/jobs`, 401],
  ] as const) {
    const reply = await app.inject({ method, url, headers });
    if (method === 'GET') expect(reply.statusCode).toBe(status);
    const type = String(reply.headers['content-type']);
    expect(type).toContain(isPage ? 'text/html' : 'application/problem+json');
    expect(reply.headers.vary).toContain('accept');
    expect(reply.payload).not.toMatch(isPage ? /urn:|<b>/ : /<!doctype/);
  }
});

test('bodies that cannot be read: 413 too large, 415 of another type, 400 not JSON', async () => {
  const api = await createTestApi({ deps: { demo: DEMO } });
  const post = (payload: string, type: string) =>
    api.app.inject({
      method: 'POST',
      url: `${PREFIX}/demo/session`,
      payload,
      headers: { 'content-type': type },
    });
  const large = JSON.stringify({ user: 'x'.repeat(20_000) });
  expectProblem(await post(large, 'application/json'), 413, 'payload-too-large');
  expectProblem(await post('user=x', 'text/plain'), 415, 'unsupported-media-type');
  expectProblem(await post('<user/>', 'application/xml'), 415, 'unsupported-media-type');
  expectProblem(await post('{"user":', 'application/json'), 400, 'invalid-request');
  const polluted = '{"user":"x","__proto__":{"admin":true}}';
  expectProblem(await post(polluted, 'application/json'), 400, 'invalid-request');
  expectProblem(await post('', 'application/json'), 400, 'invalid-request');
  expectProblem(await post('{"user":1}', 'application/json'), 400, 'invalid-request');
  expectProblem(await post('{"user":"x","more":1}', 'application/json'), 400, 'invalid-request');
});

test('an oversize body on DELETE: 413, and nothing is deleted', async () => {
  const api = await createTestApi();
  const response = await api.as('alice', {
    method: 'DELETE',
    url: `${PREFIX}/bots/alice-bot-1`,
    payload: { padding: 'x'.repeat(20_000) },
  });
  expectProblem(response, 413, 'payload-too-large');
  expect(api.deleteRequests).toEqual([]);
});

test('an address that does not decode: 400', async () => {
  const api = await createTestApi();
  const response = await api.as('alice', { url: `${PREFIX}/jobs/%zz` });
  expectProblem(response, 400, 'invalid-request');
});

test.each([
  ['no HTTP at all', 'HELLO\r\n\r\n', 400],
  ['headers without end', `GET /livez HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
])('%s on the wire: a problem document', async (_what, bytes, status) => {
  const api = await createTestApi();
  await api.app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = api.app.server.address() as AddressInfo;
  const socket = connect(port, '127.0.0.1');
  socket.write(bytes);
  const answer = await text(socket);
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(answer).toContain('application/problem+json');
});

test('something that is not an error is thrown: 500 all the same', async () => {
  const api = await createTestApi({ answer: () => Promise.reject('a text') });
  const url = `${PREFIX}/bots/alice-bot-1`;
  expectProblem(await api.as('alice', { method: 'DELETE', url }), 500, 'internal-error');
});
