// Health on real containers: what supervisord says, what a restart does to a real program, and that nothing brings back
// what was deleted.

import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { NO_POOLS } from '../fakes/pool-states.ts';
import { startTestApplication, type TestApplication } from '../support/application.ts';
import {
  acceptDelete,
  deleteBot,
  jobIn,
  readPoolState,
  writePoolState,
} from '../support/deletions.ts';
import { describeDocker, type RunningContainer, runPool, testDocker } from '../support/docker.ts';
import { createHealthChecks, setStatus, statusOf } from '../support/health-checks.ts';
import { spoilPoolState } from '../support/spoil-pool-state.ts';
import { allocation, putUser } from '../support/users.ts';
import { waitFor } from '../support/wait-for.ts';

/** Of this run: other runs may use the same engine. */
const UID = `uid-one${randomBytes(3).toString('hex')}`;
const BOTS = [1, 2, 3].map((n) => `${UID}-bot-${n}`);
const [FIRST = '', SECOND = '', THIRD = ''] = BOTS;
const POOL = `${UID}-pool-1`;
const SLEEP = '/bin/sleep 100000';
/** Comes up only where the file says so. */
const MOODY = '/bin/sh -c "test -e /tmp/mended && exec sleep 100000; exit 1"';
const SLOW_MS = 120_000;

interface ExecutionContext {
  readonly app: TestApplication;
  readonly pool: RunningContainer;
}

/** A pool of three bots of one user, known to all three sources. */
async function setUp(env: Readonly<Record<string, string>> = {}): Promise<ExecutionContext> {
  const app = await startTestApplication({
    env: { BOT_RUNTIME: 'docker', DOCKER_HOSTS: `test=unix://${testDocker().socket}`, ...env },
    poolState: NO_POOLS,
  });
  const bots = Object.fromEntries(BOTS.map((id) => [id, allocation(100, 110)]));
  await putUser(app.db, { balance: 50, bots, firebaseUid: UID });
  await writeState(app);
  const pool = await runPool({
    name: `freqtrade-pool-${POOL}`,
    programs: [
      { name: `bot-${FIRST}`, command: SLEEP },
      {
        name: `bot-${SECOND}`,
        command: MOODY,
        ...{ autostart: false, startSeconds: 1, startRetries: 0 },
      },
      { name: `bot-${THIRD}`, command: SLEEP },
    ],
  });
  return { app, pool };
}

async function writeState(app: TestApplication): Promise<void> {
  const containerName = `freqtrade-pool-${POOL}`;
  const createdAt = '2026-10-02T09:30:00.000Z';
  const mapping = (instanceId: string, slotIndex: number) => ({
    ...{ poolId: POOL, containerName, host: containerName, slotIndex, port: 9000 + slotIndex },
    ...{ status: 'running', instanceId, userId: UID, createdAt },
  });
  const place = { id: POOL, userId: UID, containerName, basePort: 9000, capacity: 3, bots: BOTS };
  await writePoolState(app, {
    pools: { [POOL]: { ...place, status: 'running', createdAt, poolDir: POOL, metrics: {} } },
    botMapping: Object.fromEntries(BOTS.map((id, index) => [id, mapping(id, index)])),
    nextPoolId: 2,
    updatedAt: createdAt,
  });
}

/** supervisord's words, by program. */
async function programs(pool: RunningContainer): Promise<Record<string, string>> {
  const { output } = await pool.exec(['supervisorctl', 'status']);
  const rows = output.trim().split('\n');
  return Object.fromEntries(
    rows.flatMap((row) => {
      const [name = '', state] = row.split(/\s+/);
      return state === undefined ? [] : [[name.replace(/^bot-/, ''), state]];
    }),
  );
}

/** Starts the program, which ends at once. */
async function crash(pool: RunningContainer): Promise<void> {
  await pool.exec(['supervisorctl', 'start', `bot-${SECOND}`]);
  await seeProgram(pool, SECOND, 'FATAL');
}

function seeProgram(pool: RunningContainer, bot: string, state: string): Promise<boolean> {
  return waitFor(`${bot} to be ${state}`, async () => (await programs(pool))[bot] === state);
}

/** As the restart policy does it when the machine comes up: supervisord begins anew with what is in its folder. */
async function restartContainer(pool: RunningContainer): Promise<void> {
  await pool.container.restart({ t: 0 });
  await seeProgram(pool, THIRD, 'RUNNING');
}

describeDocker('health on real pools', () => {
  it('the file says failed, the bot runs: one observation later it says running; a pool’s word too', async () => {
    const { app, pool } = await setUp();
    const { observe } = createHealthChecks(app);
    await setStatus(app, FIRST, 'failed');

    expect(await observe()).toMatchObject({ bots: 3, unknown: 0, unwritten: null });
    expect(await statusOf(app, FIRST)).toBe('running');

    await pool.container.stop({ t: 0 });
    await observe();
    expect((await readPoolState(app)).pools[POOL]?.status).toBe('stopped');
    expect(await statusOf(app, FIRST)).toBe('running');
    await pool.container.start();
    await seeProgram(pool, FIRST, 'RUNNING');
    expect((await observe()).startedPools).toEqual([POOL]);
    expect((await readPoolState(app)).pools[POOL]?.status).toBe('running');
  });
});

describeDocker('what was deleted', () => {
  it(
    'is brought back neither by observations, nor by a supervisor update, nor by a start of its container',
    async () => {
      const { app, pool } = await setUp();
      await crash(pool);
      const { observe, pass } = createHealthChecks(app);
      await observe();
      await observe();
      for (const instanceId of [FIRST, SECOND]) {
        expect((await deleteBot(app, { uid: UID, instanceId })).body.success).toBe(true);
      }
      await pool.exec(['touch', '/tmp/mended']);
      const left = async () => {
        for (let round = 0; round < 4; round += 1) {
          expect((await observe()).restarts).toBe(0);
          pass(60_000);
        }
        return Object.keys(await programs(pool));
      };
      expect(await left()).toEqual([THIRD]);
      await pool.exec(['supervisorctl', 'reread']);
      await pool.exec(['supervisorctl', 'update']);
      expect(await left()).toEqual([THIRD]);
      await restartContainer(pool);
      expect(await left()).toEqual([THIRD]);
    },
    SLOW_MS,
  );

  it(
    'in the middle of its deletion: neither, though the deletion stands still and the entry is there',
    async () => {
      const { app, pool } = await setUp({ ON_STOP_FAILURE: 'hold', STOP_TIMEOUT_MS: '3000' });
      await crash(pool);
      await pool.exec(['touch', '/tmp/mended']);
      const jobs: string[] = [];
      // Unreadable: the deletions stop the bots and come no further.
      const heal = await spoilPoolState(app, 'torn');
      for (const instanceId of [FIRST, SECOND]) {
        jobs.push(await acceptDelete(app, { uid: UID, instanceId }));
      }
      for (const job of jobs) await jobIn(app, UID, job, 'stuck');
      await heal();
      const { observe, pass } = createHealthChecks(app);
      const isDown = async () => {
        for (let round = 0; round < 4; round += 1) {
          expect((await observe()).restarts).toBe(0);
          pass(60_000);
        }
        const { [FIRST]: first = 'gone', [SECOND]: second = 'gone' } = await programs(pool);
        return [first, second].every((word) => word !== 'RUNNING' && word !== 'STARTING');
      };
      expect(await isDown()).toBe(true);
      await pool.exec(['supervisorctl', 'update']);
      expect(await isDown()).toBe(true);
      await restartContainer(pool);
      expect(await isDown()).toBe(true);
      expect(await statusOf(app, FIRST)).toBe('running');
    },
    SLOW_MS,
  );
});
