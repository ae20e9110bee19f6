// What is read of X-Forwarded-*, and of whom. A request is seen through what depends on it: the session cookie's `Secure`,
// the check of the page's origin, and the address itself.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { TrustedProxies } from '../../src/api/trusted-proxies.ts';
import { toFirebaseUid } from '../../src/domain/ids.ts';
import { createTestApi, expectProblem } from '../support/api.ts';

const PREFIX = '/api/freqtrade';

test.each<[TrustedProxies, string, string | undefined, string]>([
  [false, '127.0.0.1', '198.51.100.1', '127.0.0.1'],
  [1, '127.0.0.1', undefined, '127.0.0.1'],
  [1, '127.0.0.1', '203.0.113.9, 198.51.100.1', '198.51.100.1'],
  [2, '127.0.0.1', '203.0.113.9, 198.51.100.1, 10.0.0.1', '198.51.100.1'],
  [['127.0.0.1', '10.0.0.0/8'], '127.0.0.1', '203.0.113.9, 198.51.100.1, 10.0.0.1', '198.51.100.1'],
  [['10.0.0.0/8'], '192.0.2.7', '10.0.0.1', '192.0.2.7'],
  [['127.0.0.0/8'], '::ffff:127.0.0.1', '198.51.100.1', '198.51.100.1'],
])(
  'proxies %o, socket %s, X-Forwarded-For %s: the client is %s',
  async (trustProxy, remoteAddress, header, address) => {
    const api = await createTestApi({ settings: { trustProxy } });
    const headers = header === undefined ? {} : { 'x-forwarded-for': header };
    api.app.get('/seen', (request) => ({ client: request.client.address, fastify: request.ip }));
    const observed = await api.app.inject({ url: '/seen', remoteAddress, headers });
    expect(observed.json()).toEqual({ client: address, fastify: address });
  },
);

test.each<[TrustedProxies, Record<string, string>, boolean]>([
  [false, { 'x-forwarded-proto': 'https' }, false],
  [1, { 'x-forwarded-proto': 'https' }, true],
  [1, { 'x-forwarded-proto': 'https, http' }, false],
  [1, { 'x-forwarded-proto': 'http, https' }, true],
  // TLS ends at the outer of two proxies of ours, and each adds what it was reached by.
  [2, { 'x-forwarded-for': '198.51.100.1, 10.0.0.1', 'x-forwarded-proto': 'https, http' }, true],
  [
    2,
    {
      'x-forwarded-for': '1.1.1.1, 198.51.100.1, 10.0.0.1',
      'x-forwarded-proto': 'http, https, http',
    },
    true,
  ],
  [2, { 'x-forwarded-for': '198.51.100.1, 10.0.0.1', 'x-forwarded-proto': 'https' }, true],
  [
    ['127.0.0.1', '10.0.0.0/8'],
    { 'x-forwarded-for': '198.51.100.1, 10.0.0.1', 'x-forwarded-proto': 'HTTPS,http' },
    true,
  ],
  [1, { 'x-forwarded-proto': 'gopher' }, false],
])('proxies %o and %o: a cookie for https alone: %s', async (trustProxy, headers, isSecure) => {
  const api = await createTestApi({ settings: { trustProxy } });
  const reply = await api.as('alice', { method: 'POST', url: `${PREFIX}/session`, headers });
  expect(/; Secure/.test(String(reply.headers['set-cookie']))).toBe(isSecure);
});

test('two proxies of ours, TLS at the outer one: its page writes with a session, a page of another name does not', async () => {
  const api = await createTestApi({ settings: { trustProxy: 2 } });
  const forwarded = {
    'x-forwarded-for': '198.51.100.1, 10.0.0.1',
    'x-forwarded-proto': 'https, http',
    'x-forwarded-host': 'bots.example, inner:8080',
    host: 'localhost:3000',
  };
  const opened = await api.as('alice', {
    method: 'POST',
    url: `${PREFIX}/session`,
    headers: forwarded,
  });
  const cookie = String(opened.headers['set-cookie']).split(';')[0] ?? '';
  const remove = async (origin: string) =>
    api.app.inject({
      method: 'DELETE',
      url: `${PREFIX}/bots/b-1`,
      headers: { ...forwarded, cookie, origin },
    });
  expectProblem(await remove('https://bots.example'), 404, 'bot-not-found');
  expectProblem(await remove('http://inner:8080'), 403, 'cross-site');
});

const demo = {
  users: async () => [{ user: toFirebaseUid('root'), isAdmin: true }],
  signIn: async () => ({ token: 'a.b.c', expiresAt: new Date(0) }),
};
const SIGN_IN = {
  method: 'POST',
  url: `${PREFIX}/demo/session`,
  payload: { user: 'root' },
} as const;

test.each([
  { forwarded: 'for=198.51.100.1' },
  { 'x-forwarded-for': '127.0.0.1' },
  { 'x-forwarded-host': 'localhost' },
  { 'x-forwarded-proto': 'http' },
  { 'x-forwarded-prefix': '/' },
  { 'x-real-ip': '127.0.0.1' },
  { 'cf-connecting-ip': '127.0.0.1' },
  { via: '1.1 proxy' },
  { origin: 'https://bots.example' },
])(
  'the demo, asked through a proxy of this machine (%o): nobody is signed in or named',
  async (headers) => {
    const api = await createTestApi({ deps: { demo } });
    expectProblem(await api.app.inject({ ...SIGN_IN, headers }), 404, 'not-found');
    const named = await api.app.inject({ url: `${PREFIX}/sign-in`, headers });
    expect(named.json()).toEqual({ kind: 'token' });
  },
);

test('the demo behind a proxy that adds no header and speaks HTTP/1.0: nobody is signed in', async () => {
  const api = await createTestApi({ deps: { demo } });
  await api.app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = api.app.addresses()[0] as AddressInfo;
  const body = JSON.stringify(SIGN_IN.payload);
  const plain = { method: 'POST', body, headers: { 'content-type': 'application/json' } };
  const url = `${SIGN_IN.url}`;
  const direct = await fetch(`http://127.0.0.1:${port}${url}`, plain);
  expect(direct.status).toBe(200);
  const proxy = await startOldProxy(port);
  const through = await fetch(`${proxy}${url}`, plain);
  expect(through.status).toBe(404);
});

/** As nginx does it with `proxy_pass` alone: the upstream's name, HTTP/1.0, a connection a request. */
async function startOldProxy(port: number): Promise<string> {
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const upstream = new Socket().connect(port, '127.0.0.1');
    upstream.end(
      [
        `${incoming.method} ${incoming.url} HTTP/1.0`,
        `Host: 127.0.0.1:${port}`,
        'Content-Type: application/json',
        `Content-Length: ${body.length}`,
        'Connection: close',
        '',
        body.toString(),
      ].join('\r\n'),
    );
    let answer = '';
    for await (const chunk of upstream) answer += chunk;
    outgoing.writeHead(Number(answer.slice(9, 12))).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port: own } = server.address() as AddressInfo;
  return `http://127.0.0.1:${own}`;
}
