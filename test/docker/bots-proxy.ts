// A way to Docker that can be disturbed: requests that match are swallowed, lose their answer, or get
// half of it, and so do commands to a program that runs in a container. It stands on a unix socket or a TCP port of its own.

import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { DockerEndpoint } from '../../src/bots/docker/docker-client.ts';

type Disturbance =
  /** The request never reaches Docker, and no answer comes. */
  | 'swallow'
  /** Docker carries it out; the answer never comes. */
  | 'lose-answer'
  /** Docker carries it out; the connection breaks before an answer. */
  | 'drop'
  /** The connection breaks within the answer, after so many of its bytes. */
  | { readonly cutAfterBytes: number };

export interface DockerProxy {
  readonly endpoint: DockerEndpoint;
  /** Requests whose first line matches are disturbed from now on, and so are lines typed into an exec. */
  disturb(request: RegExp, how: Disturbance): void;
  calm(): void;
  /** Request lines that reached it, and lines typed into an exec. */
  readonly requests: readonly string[];
  start(): Promise<void>;
  /** Refuses connections until `start`. */
  stop(): Promise<void>;
}

export async function createDockerProxy(
  target: string,
  kind: 'unix' | 'tcp' = 'unix',
): Promise<DockerProxy> {
  const folder = await mkdtemp(join(tmpdir(), 'bots-proxy-'));
  const socketPath = join(folder, 'docker.sock');
  const open = new Set<net.Socket>();
  const requests: string[] = [];
  let rule: { request: RegExp; how: Disturbance } | null = null;
  let server: net.Server | undefined;
  let port = 0;

  const connect = (client: net.Socket) => {
    const docker = net.connect(target);
    let how: Disturbance | null = null;
    let left = 0;
    let isUpgraded = false;
    for (const socket of [client, docker]) {
      open.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        open.delete(socket);
        client.destroy();
        docker.destroy();
      });
    }
    client.on('data', (bytes: Buffer) => {
      // A client waits for an answer before it sends the next request: a request begins a chunk, and after
      // an upgrade, what is typed into an exec does.
      const text = bytes.toString('latin1');
      const line = (isUpgraded ? /^.+/ : /^(?:GET|POST|DELETE|PUT|HEAD) \S+/).exec(text)?.[0];
      isUpgraded ||= /^Upgrade: tcp/im.test(text);
      if (line !== undefined) {
        requests.push(line);
        how = rule?.request.test(line) ? rule.how : null;
        left = typeof how === 'object' && how !== null ? how.cutAfterBytes : 0;
      }
      if (how !== 'swallow') docker.write(bytes);
    });
    docker.on('data', (bytes: Buffer) => {
      if (how === null) client.write(bytes);
      else if (how === 'drop') client.destroy();
      else if (typeof how === 'object') {
        client.write(bytes.subarray(0, left));
        left -= bytes.length;
        if (left <= 0) client.end();
      }
    });
  };

  const proxy: DockerProxy = {
    get endpoint() {
      return kind === 'unix' ? { socketPath } : { host: '127.0.0.1', port };
    },
    requests,
    disturb: (request, how) => {
      rule = { request, how };
    },
    calm: () => {
      rule = null;
    },
    start: () =>
      new Promise((resolve) => {
        server = net.createServer(connect);
        server.listen(kind === 'unix' ? { path: socketPath } : { port, host: '127.0.0.1' }, () => {
          const address = server?.address();
          if (typeof address === 'object' && address !== null) port = address.port;
          resolve();
        });
      }),
    stop: async () => {
      for (const socket of open) socket.destroy();
      const stopping = server;
      server = undefined;
      if (stopping === undefined) return;
      await new Promise((resolve) => stopping.close(resolve));
    },
  };
  await proxy.start();
  onTestFinished(async () => {
    await proxy.stop();
    await rm(folder, { recursive: true, force: true });
  });
  return proxy;
}
