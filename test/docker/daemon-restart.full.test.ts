// A Docker daemon that goes down and comes up again starts what its restart policies name. On a daemon of the test's own:
// whatever it starts, no deleted bot is among it, nor one in the middle of its deletion.

import { expect, it } from 'vitest';
import { NO_POOLS } from '../fakes/pool-states.ts';
import { startTestApplication, type TestApplication } from '../support/application.ts';
import { acceptDelete, deleteBot, jobIn, writePoolState } from '../support/deletions.ts';
import { testDocker } from '../support/docker.ts';
import { createHealthChecks } from '../support/health-checks.ts';
import { describeOwnDocker, type OwnDocker, runIn, startOwnDocker } from '../support/own-docker.ts';
import { spoilPoolState } from '../support/spoil-pool-state.ts';
import { allocation, putUser } from '../support/users.ts';
import { waitFor } from '../support/wait-for.ts';

const UID = 'uid-one';
const POOL = `${UID}-pool-1`;
const CONTAINER = `freqtrade-pool-${POOL}`;
const bot = (n: number) => `${UID}-bot-${n}`;
const [POOLED, NEIGHBOUR, OWN, HELD] = [bot(1), bot(2), bot(3), bot(4)];

async function runOwn({ docker }: OwnDocker, instanceId: string): Promise<void> {
  const container = await docker.createContainer({
    name: `freqtrade-${instanceId}`,
    Image: testDocker().botImage,
    HostConfig: { NetworkMode: 'none', RestartPolicy: { Name: 'always' } },
    Labels: { 'reclaim.instance-id': instanceId, 'reclaim.user-id': UID },
  });
  await container.start();
}

/** supervisord's words, by bot; null while it does not answer. */
async function programs({ docker }: OwnDocker): Promise<Record<string, string> | null> {
  try {
    const status = await runIn(docker, CONTAINER, ['supervisorctl', 'status']);
    const rows = status.matchAll(/^bot-(\S+)\s+([A-Z]+)/gm);
    return Object.fromEntries([...rows].map(([, id = '', word = '']) => [id, word]));
  } catch {
    return null;
  }
}

async function stateOf({ docker }: OwnDocker, instanceId: string): Promise<string> {
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

describeOwnDocker('a daemon that is started again', () => {
  it('starts what nobody deleted, and nothing else', async () => {
    const host = await startOwnDocker();
    const programsOf = [POOLED, NEIGHBOUR].map((id) => ({
      name: `bot-${id}`,
      command: '/bin/sleep 100000',
    }));
    await host.runPool({ name: CONTAINER, restart: 'always', programs: programsOf });
    for (const id of [OWN, HELD]) await runOwn(host, id);
    const app = await startTestApplication({
      env: {
        BOT_RUNTIME: 'docker',
        DOCKER_HOSTS: `test=unix://${host.socket}`,
        ON_STOP_FAILURE: 'hold',
        STOP_TIMEOUT_MS: '5000',
      },
      poolState: NO_POOLS,
    });
    const ids = [POOLED, NEIGHBOUR, OWN, HELD];
    const bots = Object.fromEntries(ids.map((id) => [id, allocation(100, 110)]));
    await putUser(app.db, { balance: 50, bots, firebaseUid: UID });
    await putState(app);
    const { observe } = createHealthChecks(app);
    await observe();
    for (const instanceId of [POOLED, OWN]) {
      expect((await deleteBot(app, { uid: UID, instanceId })).body.success).toBe(true);
    }
    // Unreadable: this deletion stops its bot and comes no further.
    const heal = await spoilPoolState(app, 'torn');
    const job = await acceptDelete(app, { uid: UID, instanceId: HELD });
    await jobIn(app, UID, job, 'stuck');
    await heal();

    await host.halt();
    await host.resume();

    await waitFor('what is left of the pool', async () => {
      return (await programs(host))?.[NEIGHBOUR] === 'RUNNING';
    });
    for (let round = 0; round < 4; round += 1) expect((await observe()).restarts).toBe(0);
    expect(await programs(host)).toEqual({ [NEIGHBOUR]: 'RUNNING' });
    // Nor is anything left in its folder for the next update.
    await runIn(host.docker, CONTAINER, ['supervisorctl', 'update']);
    expect((await observe()).restarts).toBe(0);
    expect(await programs(host)).toEqual({ [NEIGHBOUR]: 'RUNNING' });
    expect(await stateOf(host, OWN)).toBe('gone');
    expect(await stateOf(host, HELD)).toBe('exited');
  }, 180_000);
});
