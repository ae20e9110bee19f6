// Hosts that are no Docker at all: nobody listens, or somebody else does. These need no Docker.

import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { InDoubtError, UnavailableError } from '../../packages/saga/src/errors.ts';
import { createDockerBots } from '../../src/bots/docker/docker-bots.ts';
import type { DockerEndpoint } from '../../src/bots/docker/docker-client.ts';
import { call, queryFor } from '../contracts/bots.ts';
import { listAll } from '../support/list-all.ts';
import { observedDedicated, observedPooled } from '../support/samples.ts';

const PLACE = { host: 'test', containerId: 'a'.repeat(64) };
const DEDICATED = observedDedicated({ ...PLACE, restartPolicy: 'always' });
const POOLED = observedPooled(PLACE);

test.each([
  ['a socket that does not exist', { socketPath: '/nonexistent/docker.sock' }],
  ['a port on which nobody listens', { host: '127.0.0.1', port: 9 }],
])('%s: unknown for an observation, unavailable for a change', async (_case, endpoint) => {
  const bots = createBots(endpoint);
  expect((await bots.locate(queryFor('u'), call())).status).toBe('unknown');
  for (const observed of [DEDICATED, POOLED]) {
    expect((await bots.observe('u-bot-1', observed, call())).status).toBe('unknown');
    for (const change of [bots.stop, bots.restore, bots.remove]) {
      const changing = change('u-bot-1', observed, call());
      await expect(changing).rejects.toBeInstanceOf(UnavailableError);
      await expect(changing).rejects.toMatchObject({ code: 'DOCKER_UNREACHABLE' });
    }
  }
  const [listing] = await listAll(bots, null);
  expect(listing).toMatchObject({ host: 'test', answer: { status: 'unknown' } });
  expect(bots.hostStates()).toEqual([{ name: 'test', circuit: 'open', lastAnswerAt: null }]);
});

test.each([
  ['404 to everything, as a web server', 404, 'text/plain', 'not found'],
  ['404 with JSON', 404, 'application/json', '{"message":"page not found"}'],
  ['500', 500, 'application/json', '{"message":"no such container"}'],
  ['200 with a page', 200, 'text/html', '<html>hello</html>'],
  ['200 with null', 200, 'application/json', 'null'],
  ['200 with an object that lacks all', 200, 'application/json', '{}'],
  ['204', 204, 'text/plain', ''],
])('a server that answers %s: nothing is absent', async (_case, status, type, body) => {
  const bots = createBots(
    await serve((_request, response) => {
      response.writeHead(status, { 'content-type': type }).end(body);
    }),
  );
  expect((await bots.locate(queryFor('u'), call())).status).toBe('unknown');
  expect((await listAll(bots, null))[0]?.answer.status).toBe('unknown');
  for (const observed of [DEDICATED, POOLED]) {
    expect((await bots.observe('u-bot-1', observed, call())).status).toBe('unknown');
    await expect(bots.stop('u-bot-1', observed, call())).rejects.toBeInstanceOf(InDoubtError);
    await expect(bots.remove('u-bot-1', observed, call())).rejects.toBeInstanceOf(InDoubtError);
    await expect(bots.restore('u-bot-1', observed, call())).rejects.toBeInstanceOf(InDoubtError);
  }
});

test('a server that accepts and is silent: one deadline each at first, then no wait', async () => {
  const server = createTcpServer();
  const sockets: { destroy(): void }[] = [];
  server.on('connection', (socket) => sockets.push(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  const bots = createBots({ host: '127.0.0.1', port });
  for (let observe = 0; observe < 3; observe++) await bots.observe('u-bot-1', DEDICATED, call());
  expect(bots.hostStates()[0]?.circuit).toBe('open');
  const before = sockets.length;
  const answers = Array.from({ length: 50 }, () => bots.observe('u-bot-1', DEDICATED, call()));
  for (const { status } of await Promise.all(answers)) expect(status).toBe('unknown');
  // A probe, where the machine took a second for all of them.
  expect(sockets.length - before).toBeLessThanOrEqual(1);
});

test('an abort in mid-call: the wait ends at once', async () => {
  const controller = new AbortController();
  const bots = createBots(await serve(() => controller.abort()), 3_600_000);
  const looking = bots.observe('u-bot-1', DEDICATED, { signal: controller.signal });
  expect((await looking).status).toBe('unknown');
});

test('an id that no bot can have: unknown, and no container is asked for it', async () => {
  let requests = 0;
  const bots = createBots(await serve((_request, response) => response.end(String(++requests))));
  const query = { instanceId: '..', firebaseUid: null, poolContainers: [] };
  expect((await bots.locate(query, call())).status).toBe('unknown');
  const observed = { ...DEDICATED, containerId: '../images/json' };
  expect((await bots.observe('u-bot-1', observed, call())).status).toBe('unknown');
  await expect(bots.remove('u-bot-1', observed, call())).rejects.toBeInstanceOf(InDoubtError);
  expect(requests).toBe(0);
});

test('an id that is a path elsewhere: only containers are listed, and the id is their filter', async () => {
  const asked: string[] = [];
  const bots = createBots(
    await serve(({ url = '' }, response) => {
      asked.push(new URL(url, 'http://docker').pathname);
      response.setHeader('content-type', 'application/json').end('[]');
    }),
  );
  const query = { instanceId: '../../images', firebaseUid: null, poolContainers: [] };
  expect(await bots.locate(query, call())).toMatchObject({ status: 'ok', items: [] });
  expect(new Set(asked)).toEqual(new Set(['/containers/json']));
});

function createBots(options: DockerEndpoint, readMs = 300) {
  const bots = createDockerBots({
    hosts: [{ name: 'test', options }],
    now: () => new Date(),
    deadlines: { readMs, probeMs: 300 },
  });
  onTestFinished(() => bots.close());
  return bots;
}

async function serve(listener: RequestListener): Promise<DockerEndpoint> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
}
