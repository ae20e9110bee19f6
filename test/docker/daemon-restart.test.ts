// A Docker daemon that goes down and comes up again starts what its restart policies name. On a daemon of the test's own:
// whatever it starts, no deleted bot is among it, nor one in the middle of its deletion.

import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import Docker from 'dockerode';
import { describe, expect, it, onTestFinished } from 'vitest';
import { tarOfFile } from '../../src/adapters/docker/tar-file.ts';
import { startTestApplication, type TestApplication } from '../support/application.ts';
import {
  acceptDelete,
  deleteBot,
  jobIn,
  readPoolState,
  writePoolState,
} from '../support/deletions.ts';
import { describeDocker, programConf, testDocker } from '../support/docker.ts';
import { onPath, startPrivateEngine } from '../support/docker-engine.ts';
import { createLooks } from '../support/looks.ts';
import { NEEDS_DOCKER } from '../support/needs-docker.ts';
import { allocation, putUser } from '../support/users.ts';
import { waitFor } from '../support/wait-for.ts';

const UID = 'uid-one';
const POOL = `${UID}-pool-1`;
const CONTAINER = `freqtrade-pool-${POOL}`;
const bot = (n: number) => `${UID}-bot-${n}`;
const [POOLED, NEIGHBOUR, OWN, HELD] = [bot(1), bot(2), bot(3), bot(4)];

const dockerd = (await onPath('dockerd')) ?? '';
const mayStartOne = dockerd !== '' && process.getuid?.() === 0;

/** Somebody else's daemon is never started again: where none of our own can be had, the test says so. */
function describeDaemon(title: string, define: () => void): void {
  if (mayStartOne) describeDocker(title, define);
  else
    describe.skip(`${title} [${NEEDS_DOCKER}a daemon of its own needs dockerd and root]`, define);
}

interface Host {
  readonly docker: Docker;
  readonly socket: string;
  /** Down, its containers with it, and up again. */
  restart(): Promise<void>;
}

async function startHost(): Promise<Host> {
  const { signal } = new AbortController();
  const engine = await startPrivateEngine({ dockerd, progress: () => undefined, signal });
  onTestFinished(() => engine.stop());
  const { socket } = engine;
  return {
    docker: new Docker({ socketPath: socket }),
    socket,
    restart: async () => {
      await engine.halt();
      await engine.resume();
    },
  };
}

/** From the engine of this run into the host's. */
async function copyImage({ docker }: Host, image: string): Promise<void> {
  const through = new PassThrough();
  const load = docker.loadImage(through);
  await pipeline(await testDocker().docker.getImage(image).get(), through);
  const answer = await load;
  await new Promise((resolve, reject) => {
    answer.on('end', resolve).on('error', reject).resume();
  });
}

async function runPool({ docker }: Host): Promise<void> {
  const container = await docker.createContainer({
    name: CONTAINER,
    Image: testDocker().poolImage,
    HostConfig: { NetworkMode: 'none', RestartPolicy: { Name: 'always' } },
  });
  for (const id of [POOLED, NEIGHBOUR]) {
    const conf = programConf({ name: `bot-${id}`, command: '/bin/sleep 100000' });
    const archive = tarOfFile(`bot-${id}.conf`, conf);
    await container.putArchive(archive, { path: '/pool/supervisor' });
  }
  await container.start();
}

async function runOwn({ docker }: Host, instanceId: string): Promise<void> {
  const container = await docker.createContainer({
    name: `freqtrade-${instanceId}`,
    Image: testDocker().botImage,
    HostConfig: { NetworkMode: 'none', RestartPolicy: { Name: 'always' } },
    Labels: { 'reclaim.instance-id': instanceId, 'reclaim.user-id': UID },
  });
  await container.start();
}

/** supervisord's words, by bot; null while it does not answer. */
async function programs({ docker }: Host): Promise<Record<string, string> | null> {
  const options = { Cmd: ['supervisorctl', 'status'], AttachStdout: true, Tty: true };
  try {
    const exec = await docker.getContainer(CONTAINER).exec(options);
    const stream = await exec.start({ Tty: true });
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    const rows = Buffer.concat(chunks)
      .toString()
      .matchAll(/^bot-(\S+)\s+([A-Z]+)/gm);
    return Object.fromEntries([...rows].map(([, id = '', word = '']) => [id, word]));
  } catch {
    return null;
  }
}

async function stateOf({ docker }: Host, instanceId: string): Promise<string> {
  const listed = await docker.listContainers({ all: true });
  const name = `/freqtrade-${instanceId}`;
  return listed.find(({ Names }) => Names.includes(name))?.State ?? 'gone';
}

async function putState(app: TestApplication): Promise<void> {
  const createdAt = '2026-10-02T09:30:00.000Z';
  const place = { poolId: POOL, containerName: CONTAINER, host: CONTAINER, createdAt };
  const mapping = (instanceId: string, slotIndex: number) => {
    const slot = { slotIndex, port: 9000 + slotIndex };
    return { ...place, ...slot, status: 'running', instanceId, userId: UID };
  };
  const bots = [POOLED, NEIGHBOUR];
  const pool = {
    id: POOL,
    userId: UID,
    containerName: CONTAINER,
    basePort: 9000,
    capacity: 3,
    bots,
  };
  await writePoolState(app, {
    pools: { [POOL]: { ...pool, status: 'running', createdAt, poolDir: POOL, metrics: {} } },
    botMapping: Object.fromEntries(bots.map((id, index) => [id, mapping(id, index)])),
    nextPoolId: 2,
    updatedAt: createdAt,
  });
}

describeDaemon('a daemon that is started again', () => {
  it('starts what nobody deleted, and nothing else', async () => {
    const host = await startHost();
    const { poolImage, botImage } = testDocker();
    for (const image of [poolImage, botImage]) await copyImage(host, image);
    await runPool(host);
    for (const id of [OWN, HELD]) await runOwn(host, id);
    await waitFor('the programs', async () => (await programs(host))?.[POOLED] === 'RUNNING');
    const app = await startTestApplication({
      env: {
        BOT_RUNTIME: 'docker',
        DOCKER_HOSTS: `test=unix://${host.socket}`,
        ON_STOP_FAILURE: 'hold',
        STOP_TIMEOUT_MS: '5000',
      },
      poolState: { pools: {}, botMapping: {}, nextPoolId: 1, updatedAt: '' },
    });
    const ids = [POOLED, NEIGHBOUR, OWN, HELD];
    const bots = Object.fromEntries(ids.map((id) => [id, allocation(100, 110)]));
    await putUser(app.connection, { balance: 50, bots, firebaseUid: UID });
    await putState(app);
    const { look } = createLooks(app);
    await look();
    for (const instanceId of [POOLED, OWN]) {
      expect((await deleteBot(app, { uid: UID, instanceId })).body.success).toBe(true);
    }
    // Unreadable: this deletion stops its bot and comes no further.
    const state = await readPoolState(app);
    await writePoolState(app, '{');
    const job = await acceptDelete(app, { uid: UID, instanceId: HELD });
    await jobIn(app, UID, job, 'stuck');
    await writePoolState(app, state);

    await host.restart();

    await waitFor('what is left of the pool', async () => {
      return (await programs(host))?.[NEIGHBOUR] === 'RUNNING';
    });
    for (let round = 0; round < 4; round += 1) expect((await look()).restarts).toBe(0);
    expect(await programs(host)).toEqual({ [NEIGHBOUR]: 'RUNNING' });
    expect(await stateOf(host, OWN)).toBe('gone');
    expect(await stateOf(host, HELD)).toBe('exited');
  }, 180_000);
});
