// One user's synchronisation on a real Docker, from the request to its answer, without the delay between the two
// looks: a pool with supervisord and one live bot, once with nothing to repair and once with an orphan to pay back.
// Where there is no Docker it is left out, and said.

import Docker from 'dockerode';
import { createLocalTokenIssuer } from '../src/adapters/local-auth/local-tokens.ts';
import { loadSigningKey } from '../src/adapters/local-auth/signing-key.ts';
import { startApplication } from '../src/application.ts';
import { parseConfig } from '../src/config.ts';
import { toFirebaseUid } from '../src/domain/ids.ts';
import { findDockerEngine } from '../test/support/docker-engine.ts';
import { prepareImages } from '../test/support/images.ts';
import type { Ground, Place } from './ground.ts';
import { median } from './statistics.ts';

export interface OneSyncMeasure {
  /** Nothing to repair: median, ms. */
  readonly lookMs: number;
  /** One orphan paid back: median, ms. */
  readonly repairMs: number;
}

const UID = 'uid-sync';
const LIVE = `${UID}-bot-1`;
const POOL = `freqtrade-pool-${UID}-pool-1`;
const WARM_UPS = 3;

/** @returns null where there is no Docker. */
export async function measureOneSync(
  ground: Ground,
  { rounds, signal, say }: { rounds: number; signal: AbortSignal; say: (line: string) => void },
): Promise<OneSyncMeasure | null> {
  const engine = await findDockerEngine(say, signal);
  if ('missing' in engine) {
    say(`one synchronisation on Docker is left out: ${engine.missing}`);
    return null;
  }
  const docker = new Docker({ socketPath: engine.socket });
  try {
    const { poolImage } = await prepareImages(engine.socket, say, signal);
    const pool = await startPool(docker, poolImage);
    try {
      return await ground.measure((place) => measureOn(place, engine.socket, rounds));
    } finally {
      await pool.remove({ force: true, v: true });
    }
  } finally {
    await engine.stop();
  }
}

async function startPool(docker: Docker, Image: string): Promise<Docker.Container> {
  const pool = await docker.createContainer({
    Image,
    name: POOL,
    HostConfig: { NetworkMode: 'none' },
  });
  await pool.start();
  const conf = `[program:bot-${LIVE}]\ncommand=/bin/sleep 100000\nstartsecs=0\n`;
  const file = `/pool/supervisor/bot-${LIVE}.conf`;
  const wait = 'until supervisorctl pid >/dev/null 2>&1; do sleep 0.1; done';
  const script = `${wait}; printf '${conf}' > ${file}; supervisorctl update`;
  const exec = await pool.exec({ Cmd: ['/bin/sh', '-c', script], AttachStdout: true });
  const stream = await exec.start({});
  for await (const _said of stream);
  return pool;
}

async function measureOn(place: Place, socket: string, rounds: number): Promise<OneSyncMeasure> {
  const env = {
    ...place.env,
    BOT_RUNTIME: 'docker',
    DOCKER_HOSTS: `bench=unix://${socket}`,
    WORKERS: 'inline',
    SYNC_EVERY_MINUTES: '0',
    SYNC_CONFIRM_SECONDS: '0',
    SYNC_YOUNG_SECONDS: '0',
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
  try {
    const { connection } = application.services;
    await place.writePoolState(poolState());
    const users = connection.collection('users');
    await users.insertOne({
      firebaseUid: UID,
      role: 'user',
      paperWallet: { balance: 1_000, currency: 'USD', lastUpdated: AT },
      walletTransactions: [],
      botAllocations: { [LIVE]: allocation() },
    });
    const key = await loadSigningKey(config.dataDir);
    const issuer = createLocalTokenIssuer({ key, now: () => new Date() });
    const { token } = await issuer.issue({ firebaseUid: toFirebaseUid(UID), isAdmin: false });
    const sync = async (expected: number) => {
      const begun = performance.now();
      const response = await fetch(`${application.url}/api/freqtrade/sync-wallet`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, prefer: 'wait=30' },
        signal: place.signal,
      });
      const { data } = (await response.json()) as { data?: { cleanedBots: unknown[] } };
      const tookMs = performance.now() - begun;
      if (data?.cleanedBots.length !== expected) throw new Error('the run found something else');
      return tookMs;
    };
    const lookMs: number[] = [];
    const repairMs: number[] = [];
    for (let round = 0; round < WARM_UPS + rounds; round += 1) {
      lookMs.push(await sync(0));
      const orphan = { [`botAllocations.${UID}-bot-${round + 2}`]: allocation() };
      await users.updateOne({ firebaseUid: UID }, { $set: orphan });
      repairMs.push(await sync(1));
    }
    return {
      lookMs: median(lookMs.slice(WARM_UPS)),
      repairMs: median(repairMs.slice(WARM_UPS)),
    };
  } finally {
    await application.stop();
  }
}

const AT = new Date('2026-10-02T09:30:00Z');

function allocation() {
  return { allocatedAmount: 100, currentValue: 110, allocatedAt: AT, botName: 'Bot' };
}

function poolState() {
  const id = `${UID}-pool-1`;
  const common = { containerName: POOL, createdAt: AT.toISOString(), userId: UID };
  return {
    pools: {
      [id]: {
        ...{ ...common, id, status: 'running', basePort: 9_000, capacity: 3, bots: [LIVE] },
        poolDir: `pools/${id}`,
      },
    },
    botMapping: {
      [LIVE]: {
        ...{ ...common, poolId: id, host: POOL, slotIndex: 0, port: 9_000 },
        ...{ status: 'running', instanceId: LIVE },
      },
    },
    nextPoolId: 2,
    updatedAt: AT.toISOString(),
  };
}
