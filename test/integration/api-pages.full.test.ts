// The pages' files over HTTP: what a cache may take one answer for, and that no address leads out of the folder.

import { request } from 'node:http';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { createTestApi } from '../support/api.ts';

const FILE = '/assets/portfolio/main.js';
const URL = `/v/any${FILE}`;

async function get(headers: Readonly<Record<string, string>> = {}, url = URL) {
  const { app } = await createTestApi();
  return app.inject({ url, headers });
}

describe('the tag of a file', () => {
  test('another encoding is another tag, of the same bytes in the end', async () => {
    const url = '/v/any/vendor/preact/dist/preact.mjs';
    const answers = await Promise.all(
      ['br', 'gzip', 'identity'].map((encoding) => get({ 'accept-encoding': encoding }, url)),
    );
    const [br, gzip, plain] = answers;
    expect(answers.map(({ headers }) => headers['content-encoding'])).toEqual([
      'br',
      'gzip',
      undefined,
    ]);
    expect(new Set(answers.map(({ headers }) => headers.etag)).size).toBe(3);
    expect(new Set(answers.map(({ headers }) => headers.vary))).toEqual(
      new Set(['accept-encoding']),
    );
    expect(brotliDecompressSync(br?.rawPayload ?? '')).toEqual(plain?.rawPayload);
    expect(gunzipSync(gzip?.rawPayload ?? '')).toEqual(plain?.rawPayload);
  });

  test.each([
    (tag: string) => tag,
    (tag: string) => `"other", ${tag}`,
    (tag: string) => `W/${tag}`,
    () => '*',
  ])('known, however it is written: 304 without a body', async (write) => {
    const tag = String((await get({ 'accept-encoding': 'br' })).headers.etag);
    const again = await get({ 'accept-encoding': 'br', 'if-none-match': write(tag) });
    expect([again.statusCode, again.payload]).toEqual([304, '']);
    expect(again.headers.etag).toBe(tag);
  });

  test('of another encoding: the file again', async () => {
    const url = '/v/any/vendor/preact/dist/preact.mjs';
    const tag = String((await get({ 'accept-encoding': 'br' }, url)).headers.etag);
    const again = await get({ 'accept-encoding': 'gzip', 'if-none-match': tag }, url);
    expect([again.statusCode, again.headers['content-encoding']]).toEqual([200, 'gzip']);
  });

  test.each([
    ['br;q=0, gzip', 'gzip'],
    ['br;q=0.0,gzip;q=0', undefined],
    ['BR', 'br'],
    ['brotli, x-gzip', undefined],
  ])('accepted are %s: encoded as %s', async (accepted, encoding) => {
    const url = '/v/any/vendor/preact/dist/preact.mjs';
    const { headers } = await get({ 'accept-encoding': accepted }, url);
    expect(headers['content-encoding']).toBe(encoding);
  });
});

describe('a page', () => {
  test.each(['/', '/ops'])(
    '%s: sent whole at each visit, and all it names is kept for good',
    async (url) => {
      const { app } = await createTestApi();
      const page = await app.inject({ url, headers: { 'if-none-match': '*' } });
      expect([page.statusCode, page.headers['cache-control']]).toEqual([200, 'no-cache']);
      const named = [...page.payload.matchAll(/(?:href|src)="(\/v\/[^"]+)"/g)];
      const addresses = named.map(([, address]) => String(address));
      expect(addresses.length).toBeGreaterThan(30);
      for (const address of addresses) {
        const { statusCode, headers, payload } = await app.inject({ url: address });
        expect([address, statusCode, headers['cache-control']]).toEqual([address, 200, FOR_EVER]);
        for (const one of importsOf(address, payload)) expect(addresses).toContain(one);
      }
    },
  );

  test('its files under the version of another release: sent, and revalidated each time', async () => {
    const { statusCode, headers } = await get({}, `/v/of-another-release${FILE}`);
    expect([statusCode, headers['cache-control']]).toEqual([200, 'no-cache']);
  });
});

test('a page of another release: what its files import is of that release, so that a browser has one of each', async () => {
  const url = '/v/another-rel1/assets/shared/view.js';
  const imported = importsOf(url, (await get({}, url)).payload);
  expect(imported.length).toBeGreaterThan(1);
  for (const address of imported) expect(address).toMatch(/^\/v\/another-rel1\//);
  const packages = imported.filter((address) => address.includes('/vendor/'));
  expect(packages).not.toEqual([]);
  for (const address of packages) expect((await get({}, address)).statusCode).toBe(200);
});

/** Addresses, as a browser makes them of what stands in a module. */
function importsOf(url: string, payload: string): string[] {
  const base = `http://pages.test${url}`;
  return [...payload.matchAll(/from\s*["']([^"']+)["']/g)].map(
    ([, own]) => new globalThis.URL(String(own), base).pathname,
  );
}

const FOR_EVER = 'public, max-age=31536000, immutable';

describe('an address', () => {
  test.each([
    '/v/any/assets/../../../package.json',
    '/v/any/assets/..%2fpackage.json',
    '/v/any/assets/%2e%2e/package.json',
    '/v/any/assets//portfolio/main.js',
    '/v/any/assets/portfolio%2fmain.js/..',
    '/assets/portfolio/main.js',
    '/v/any/vendor/../../etc/passwd',
  ])('%s: nothing', async (path) => {
    const { app } = await createTestApi();
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    const { hostname, port } = new globalThis.URL(url);
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    request({ hostname, port, path }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
    expect(await promise).toBe(404);
  });

  test('of a file, by HEAD: all but the body; by POST: 405', async () => {
    const { app } = await createTestApi();
    const head = await app.inject({ method: 'HEAD', url: URL });
    expect([head.statusCode, head.payload]).toEqual([200, '']);
    expect(head.headers).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'x-content-type-options': 'nosniff',
    });
    expect((await app.inject({ method: 'POST', url: URL })).statusCode).toBe(405);
  });
});
