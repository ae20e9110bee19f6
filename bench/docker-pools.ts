// What measurements on a real Docker share: an engine with the pool image, pool containers with supervisord and
// programs that stop at once, the whole application on them, and the documents that make them a user's.

import Docker from 'dockerode';
import { toFirebaseUid } from '../src/domain/ids.ts';
import { createLocalTokenIssuer } from '../src/infra/identities/local-tokens.ts';
import { loadSigningKey } from '../src/infra/identities/signing-key.ts';
import { type Application, startApplication } from '../src/main/compose/application.ts';
import { parseConfig } from '../src/main/config.ts';
import type { PoolState } from '../src/pool-state/pool-state.ts';
import { findDockerEngine } from '../test/support/docker-engine.ts';
import { prepareImages } from '../test/support/images.ts';
import type { Place } from './environment.ts';
import type { Row } from './report.ts';

/** One user's pool; its bots are `<uid>-bot-<n>`. */
export interface BenchPool {
  readonly uid: string;
  readonly bots: readonly string[];
}

export interface BenchDocker {
  readonly socket: string;
  readonly docker: Docker;
  /** Runs the pool's container; it is gone when the measurement has ended. */
  startPool(pool: BenchPool): Promise<Docker.Container>;
}

/** No rows, and a line that says so, where there is no Docker. */
export async function onDocker(
  what: string,
  { signal, say }: { readonly signal: AbortSignal; readonly say: (line: string) => void },
  work: (docker: BenchDocker) => Promise<readonly Row[]>,
): Promise<readonly Row[]> {
  const engine = await findDockerEngine(say, signal);
  if ('missing' in engine) {
    say(`${what} is left out: ${engine.missing}`);
    return [];
  }
  const docker = new Docker({ socketPath: engine.socket });
  const started: Docker.Container[] = [];
  try {
    const { poolImage: Image } = await prepareImages(engine.socket, say, signal);
    const startPool = async (pool: BenchPool) => {
      const HostConfig = { NetworkMode: 'none' };
      const container = await docker.createContainer({ Image, name: nameOf(pool), HostConfig });
      started.push(container);
      await container.start();
      await runIn(container, ['/bin/sh', '-c', scriptOf(pool)]);
      return container;
    };
    return await work({ socket: engine.socket, docker, startPool });
  } finally {
    await Promise.all(started.map((pool) => pool.remove({ force: true, v: true })));
    await engine.stop();
  }
}

/** Resolves when it has ended. */
export async function runIn(container: Docker.Container, Cmd: string[]): Promise<void> {
  const exec = await container.exec({ Cmd, AttachStdout: true });
  const stream = await exec.start({});
  for await (const _said of stream);
}

export interface BenchApplication extends Application {
  call(uid: string, method: string, path: string): Promise<unknown>;
}

/** The application on that Docker; a call waits for the end of the job that it begins. */
export async function startOnDocker(place: Place, socket: string): Promise<BenchApplication> {
  const env = {
    ...place.env,
    BOT_RUNTIME: 'docker',
    DOCKER_HOSTS: `bench=unix://${socket}`,
    WORKERS: 'inline',
    SYNC_EVERY_MINUTES: '0',
    SYNC_CONFIRM_SECONDS: '0',
    SYNC_YOUNG_SECONDS: '0',
    // The images have no bot that could be asked what it is worth.
    BOT_VALUE: 'stored',
  };
  const config = parseConfig(env, 'server');
  const application = await startApplication({
    config,
    log: place.log,
    keyPrefix: place.keyPrefix,
    signal: place.signal,
    say: () => undefined,
    onLost: (what) => place.log.error({ what }, 'a server is gone'),
  });
  const key = await loadSigningKey(config.dataDir);
  const issuer = createLocalTokenIssuer({ key, now: () => new Date() });
  return {
    ...application,
    call: async (uid, method, path) => {
      const { token } = await issuer.issue({ firebaseUid: toFirebaseUid(uid), isAdmin: false });
      const response = await fetch(`${application.url}/api/freqtrade${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, prefer: 'wait=30' },
        signal: place.signal,
      });
      return response.json();
    },
  };
}

const AT = new Date('2026-10-02T09:30:00Z');

export function allocation() {
  return { allocatedAmount: 100, currentValue: 110, allocatedAt: AT, botName: 'Bot' };
}

export function userOf({ uid, bots }: BenchPool) {
  return {
    firebaseUid: uid,
    role: 'user',
    paperWallet: { balance: 1_000, currency: 'USD', lastUpdated: AT },
    walletTransactions: [],
    botAllocations: Object.fromEntries(bots.map((bot) => [bot, allocation()])),
  };
}

export function poolStateOf(pools: readonly BenchPool[]): PoolState {
  const createdAt = AT.toISOString();
  const entries = pools.map((pool, index) => {
    const id = `${pool.uid}-pool-1`;
    const basePort = 9_000 + index * 100;
    const common = { containerName: nameOf(pool), createdAt, userId: pool.uid };
    const facts = { id, status: 'running', basePort, capacity: pool.bots.length + 1 };
    return [id, { ...common, ...facts, bots: [...pool.bots], poolDir: `pools/${id}` }] as const;
  });
  const mappings = pools.flatMap((pool, index) =>
    pool.bots.map((instanceId, slotIndex) => {
      const containerName = nameOf(pool);
      const place = { poolId: `${pool.uid}-pool-1`, containerName, host: containerName, slotIndex };
      const port = 9_000 + index * 100 + slotIndex;
      const facts = { userId: pool.uid, createdAt, port, status: 'running', instanceId };
      return [instanceId, { ...place, ...facts }] as const;
    }),
  );
  return {
    pools: Object.fromEntries(entries),
    botMapping: Object.fromEntries(mappings),
    nextPoolId: 2,
    updatedAt: createdAt,
  };
}

function nameOf({ uid }: BenchPool): string {
  return `freqtrade-pool-${uid}-pool-1`;
}

function scriptOf({ bots }: BenchPool): string {
  const wait = 'until supervisorctl pid >/dev/null 2>&1; do sleep 0.1; done';
  const files = bots.map((bot) => {
    const conf = `[program:bot-${bot}]\\ncommand=/bin/sleep 100000\\nstartsecs=0\\n`;
    return `printf '${conf}' > /pool/supervisor/bot-${bot}.conf`;
  });
  return [wait, ...files, 'supervisorctl update'].join('; ');
}
