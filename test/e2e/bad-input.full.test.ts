// Bad input of every kind, on the whole application: a problem document, or one start-up error that names
// every bad variable, and nothing changed in any source.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { startTestApplication, type TestApplication } from '../support/application.ts';
import { childEnv } from '../support/child-env.ts';
import { allOf, outsideState, startWithFixtures } from '../support/deletions.ts';

const BOT = 'uid-live-bot-1';

interface BadRequest {
  readonly what: string;
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly status: number;
}

const BAD_REQUESTS: readonly BadRequest[] = [
  ...['%00', 'a%0Ab', '%7f', `${'x'.repeat(129)}`].map((id) => ({
    what: `id ${id}`,
    path: `/bots/${id}`,
    status: 400,
  })),
  ...['.hidden', '-x', '_x', '__proto__', 'a%20b', 'a%2Fb', '..%2Fb', 'ä', 'a:b', '*'].map(
    (id) => ({
      what: `id ${id}`,
      path: `/bots/${id}`,
      status: 404,
    }),
  ),
  { what: 'an id of many kilobytes', path: `/bots/${'x'.repeat(5_000)}`, status: 414 },
  { what: 'a broken percent sign', path: '/bots/%E0%A4%A', status: 400 },
  { what: 'no id, which is the list of bots', path: '/bots/', status: 405 },
  ...['wait=-1', 'wait=61', 'wait=1.5', 'wait=abc', 'wait=', 'wait=1e3', 'wait="x"'].map(
    (prefer) => ({ what: `Prefer: ${prefer}`, headers: { prefer }, status: 400 }),
  ),
  ...[
    '',
    'Bearer',
    'Bearer x',
    'Basic dTpw',
    'Bearer a.b.c',
    'Bearer eyJhbGciOiJub25lIn0.e30.',
  ].map((authorization) => ({
    what: `Authorization: ${authorization}`,
    headers: { authorization },
    status: 401,
  })),
  {
    what: 'a body that is no JSON',
    headers: { 'content-type': 'application/json' },
    body: '{"a":',
    status: 400,
  },
  {
    what: 'a body of another type',
    headers: { 'content-type': 'text/xml' },
    body: '<a/>',
    status: 415,
  },
  {
    what: 'a body of a megabyte',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify('x'.repeat(1_000_000)),
    status: 413,
  },
  { what: 'a method that there is not', method: 'PUT', status: 405 },
  { what: 'a job id that is none', method: 'GET', path: '/jobs/../../x', status: 404 },
  { what: 'a job nobody has', method: 'GET', path: '/jobs/del-0000000000000000', status: 404 },
  { what: 'a malformed job id', method: 'POST', path: '/jobs/1/cancel', status: 400 },
  { what: 'a cursor of its own', method: 'GET', path: '/jobs?cursor=nonsense', status: 400 },
  {
    what: 'a cursor of its own, for transactions',
    method: 'GET',
    path: '/wallet/transactions?cursor=nonsense',
    status: 400,
  },
  { what: 'a limit out of bounds', method: 'GET', path: '/jobs?limit=0', status: 400 },
  { what: 'a query that is not known', method: 'GET', path: '/jobs?where=1', status: 400 },
];

async function send(app: TestApplication, bad: BadRequest): Promise<Response> {
  const { path = `/bots/${BOT}`, method = 'DELETE', headers, body } = bad;
  const authorization = `Bearer ${await app.token('uid-live')}`;
  return fetch(`${app.url}/api/freqtrade${path}`, {
    method,
    headers: { authorization, ...headers },
    ...(body === undefined ? {} : { body }),
  });
}

it('bad ids, preferences, tokens, headers and bodies: a problem document each, nothing changed', async () => {
  const app = await startWithFixtures();
  const before = await outsideState(app);
  for (const bad of BAD_REQUESTS) {
    const response = await send(app, bad);
    const problem = JSON.parse(await response.text());
    expect([bad.what, response.status]).toEqual([bad.what, bad.status]);
    expect(response.headers.get('content-type'), bad.what).toMatch(/^application\/problem\+json/);
    expect(problem, bad.what).toMatchObject({
      type: expect.stringMatching(/^urn:reclaim:problem:[a-z-]+$/),
      status: bad.status,
      title: expect.any(String),
    });
  }
  expect(await outsideState(app)).toEqual(before);
  expect(await allOf(app, 'sagas')).toEqual([]);
});

it('a good token of somebody who has no account: refused, nothing made for them', async () => {
  const app = await startTestApplication();
  const reply = await app.call('uid-nobody', 'DELETE', '/bots/uid-nobody-bot-1');
  expect(reply.status).toBeGreaterThanOrEqual(403);
  expect(reply.status).toBeLessThan(405);
  expect(await allOf(app, 'users')).toEqual([]);
  expect(await allOf(app, 'sagas')).toEqual([]);
});

it('bad variables: one error at the start lists all of them, exit code 1, nothing is started', async () => {
  const bad = {
    PORT: '70000',
    ON_STOP_FAILURE: 'shrug',
    STOP_TIMEOUT_MS: '-1',
    MONGODB_URI: 'http://user:secret@localhost',
    LEASE_SECONDS: '0',
    BOT_RUNTIME: 'podman',
    AUTH: 'none',
  };
  const child = spawn(process.execPath, ['src/main/server.ts'], {
    cwd: new URL('../..', import.meta.url),
    env: { ...childEnv(), ...bad },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  expect(code).toBe(1);
  for (const variable of Object.keys(bad)) expect(stderr).toContain(variable);
  expect(`${stdout}${stderr}`).not.toContain('secret');
  expect(stderr).not.toMatch(/^\s+at /m);
});
