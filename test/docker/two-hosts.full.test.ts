// Two Docker hosts, the second behind TLS, with a fleet of real pools over both: many deletions at once, and one host
// that goes away in the middle of them.

import { randomBytes } from 'node:crypto';
import type Docker from 'dockerode';
import { expect, it } from 'vitest';
import { listedBots, type PoolState } from '../../src/pool-state/pool-state.ts';
import { readMetrics, startTestApplication, type TestApplication } from '../support/application.ts';
import { ownEntries, readPoolState, userNamed } from '../support/deletions.ts';
import { runPool, testDocker } from '../support/docker.ts';
import { createHealthChecks } from '../support/health-checks.ts';
import { describeOwnDocker, runIn } from '../support/own-docker.ts';
import { type SecondDocker, startSecondDocker } from '../support/second-docker.ts';
import { allocation, putUser } from '../support/users.ts';
import { waitFor } from '../support/wait-for.ts';

interface FleetPool {
  readonly poolId: string;
  readonly containerName: string;
  readonly on: 'first' | 'second';
  readonly doomed: readonly string[];
  /** Lives on; null: the pool will be empty. */
  readonly neighbour: string | null;
}

interface Fleet {
  readonly app: TestApplication;
  readonly uid: string;
  readonly pools: readonly FleetPool[];
  readonly second: SecondDocker;
  /** The neighbours' process ids, by bot. */
  readonly pids: Readonly<Record<string, string>>;
}

const CREATED_AT = '2026-10-02T09:30:00.000Z';
const BALANCE = 1_000;
/** Each doomed bot got 100 and is worth this. */
const VALUE = 110.25;
const DOOMED_PER_POOL = 3;

interface FleetOptions {
  readonly pools: number;
  /** Whether the mappings name their Docker hosts: those that we wrote do, the platform's do not. */
  readonly namesHosts: boolean;
  readonly env: Record<string, string>;
}

async function startFleet({ pools, namesHosts, env }: FleetOptions): Promise<Fleet> {
  const second = await startSecondDocker();
  const uid = `uid-fleet-${randomBytes(3).toString('hex')}`;
  const fleet = Array.from({ length: pools }, (_, index) => poolOf(uid, index, pools));
  const app = await startTestApplication({
    env: {
      BOT_RUNTIME: 'docker',
      DOCKER_HOSTS: `first=unix://${testDocker().socket},second=${second.address}`,
      DOCKER_CERT_PATH: second.certPath,
      ...env,
    },
    poolState: poolStateOf(uid, fleet, namesHosts),
  });
  const bots = Object.fromEntries(
    fleet.flatMap(botsOf).map((bot) => [bot, allocation(100, VALUE)] as const),
  );
  await putUser(app.db, { balance: BALANCE, bots, firebaseUid: uid });
  for (const pool of fleet) await (pool.on === 'first' ? runPool : second.runPool)(toPool(pool));
  const started = { app, uid, pools: fleet, second };
  return { ...started, pids: await neighbourPids(started) };
}

function poolOf(uid: string, index: number, pools: number): FleetPool {
  const n = index + 1;
  const half = pools / 2;
  const poolId = `${uid}-pool-${n}`;
  const bot = (k: number) => `${uid}-bot-${index * (DOOMED_PER_POOL + 1) + k}`;
  return {
    poolId,
    containerName: `freqtrade-pool-${poolId}`,
    on: n <= half ? 'first' : 'second',
    doomed: [1, 2, 3].map(bot),
    neighbour: n % half === 0 ? null : bot(4),
  };
}

const botsOf = ({ doomed, neighbour }: FleetPool) =>
  neighbour === null ? doomed : [...doomed, neighbour];

function toPool(pool: FleetPool) {
  const programs = botsOf(pool).map((bot) => ({
    name: `bot-${bot}`,
    command: '/bin/sleep 100000',
  }));
  return { name: pool.containerName, programs };
}

function poolStateOf(uid: string, fleet: readonly FleetPool[], namesHosts: boolean): PoolState {
  const pools = fleet.map((pool, index) => {
    const { poolId, containerName } = pool;
    const facts = { id: poolId, userId: uid, containerName, basePort: 9_000 + index * 10 };
    const state = { capacity: 4, bots: botsOf(pool), status: 'running', createdAt: CREATED_AT };
    return [poolId, { ...facts, ...state, poolDir: `pools/${poolId}`, metrics: {} }] as const;
  });
  const botMapping = fleet.flatMap((pool, index) =>
    botsOf(pool).map((instanceId, slotIndex) => {
      const { poolId, containerName } = pool;
      const place = { poolId, containerName, host: containerName, slotIndex };
      const named = namesHosts ? { dockerHost: pool.on } : {};
      const state = { port: 9_000 + index * 10 + slotIndex, status: 'running', instanceId };
      const bot = { ...place, ...named, ...state, userId: uid, createdAt: CREATED_AT };
      return [instanceId, bot] as const;
    }),
  );
  return {
    pools: Object.fromEntries(pools),
    botMapping: Object.fromEntries(botMapping),
    nextPoolId: fleet.length + 1,
    updatedAt: CREATED_AT,
  };
}

const daemonOf = ({ second }: Pick<Fleet, 'second'>, { on }: FleetPool): Docker =>
  on === 'first' ? testDocker().docker : second.docker;

async function neighbourPids(fleet: Pick<Fleet, 'pools' | 'second'>) {
  const pids: Record<string, string> = {};
  for (const pool of fleet.pools) {
    const { neighbour, containerName } = pool;
    if (neighbour === null) continue;
    const command = ['supervisorctl', 'pid', `bot-${neighbour}`];
    pids[neighbour] = (await runIn(daemonOf(fleet, pool), containerName, command)).trim();
  }
  return pids;
}

/** What supervisord runs, and what its folder holds. */
async function insideOf(fleet: Fleet, pool: FleetPool) {
  const docker = daemonOf(fleet, pool);
  const words = async (command: readonly string[]) =>
    (await runIn(docker, pool.containerName, command)).split('\n').map((line) => line.trim());
  const status = await words(['supervisorctl', 'status']);
  const confs = await words(['ls', '-1', '/pool/supervisor']);
  return {
    running: status.filter((line) => line.startsWith('bot-')).map((line) => line.split(/\s+/)[0]),
    confs: confs.filter((line) => line !== ''),
  };
}

async function expectOnlyNeighbours(fleet: Fleet): Promise<void> {
  for (const pool of fleet.pools) {
    const left = pool.neighbour === null ? [] : [`bot-${pool.neighbour}`];
    const { running, confs } = await insideOf(fleet, pool);
    expect(running).toEqual(left);
    expect(confs).toEqual(left.map((name) => `${name}.conf`));
  }
}

/** All at once. @returns their jobs, ended. */
async function deleteAll({ app, uid }: Fleet, bots: readonly string[]) {
  const accepted = await Promise.all(bots.map((bot) => app.call(uid, 'DELETE', `/bots/${bot}`)));
  const ids = accepted.map(({ body }) => body.jobId);
  const sagas = app.db.collection<{ _id: string }>('sagas');
  await waitFor(
    `${ids.length} deletions to end`,
    async () => (await sagas.countDocuments({ _id: { $in: ids }, open: true })) === 0,
    120_000,
  );
  const shown = await Promise.all(ids.map((id) => app.call(uid, 'GET', `/jobs/${id}`)));
  expect(shown.map(({ status }) => status)).toEqual(ids.map(() => 200));
  return shown.map(({ body }) => body);
}

async function expectAllPaid({ app, uid, pools }: Fleet): Promise<void> {
  const doomed = pools.flatMap((pool) => pool.doomed);
  const user = await userNamed(app, uid);
  expect(user.paperWallet.balance).toBe(BALANCE + doomed.length * VALUE);
  const entries = await ownEntries(app);
  expect(entries.map(({ botId }) => botId).sort()).toEqual([...doomed].sort());
  const left = pools.flatMap(({ neighbour }) => neighbour ?? []).sort();
  expect(Object.keys(user.botAllocations).sort()).toEqual(left);
  expect([...listedBots(await readPoolState(app))].sort()).toEqual(left);
}

/** By the round of observations, in the metrics; and nobody has stopped them. */
async function expectEmptyPoolsReported(fleet: Fleet): Promise<void> {
  const { app, pools } = fleet;
  const empty = pools.filter(({ neighbour }) => neighbour === null);
  const { emptyPools } = await createHealthChecks(app).observe();
  expect(emptyPools.toSorted()).toEqual(empty.map(({ poolId }) => poolId).toSorted());
  const metrics = await readMetrics(app);
  expect(metrics).toContain(`\nhealth_pools_empty ${empty.length}\n`);
  for (const pool of empty) {
    const container = daemonOf(fleet, pool).getContainer(pool.containerName);
    expect((await container.inspect()).State.Running).toBe(true);
  }
  const words = Object.values((await readPoolState(app)).pools).map(({ status }) => status);
  expect(words).toEqual(pools.map(() => 'running'));
}

const TIMEOUT = { timeout: 180_000 };

describeOwnDocker('a fleet over two Docker hosts', () => {
  it(
    'thirty bots of ten pools deleted at once: all gone and paid, the neighbours untouched, empty pools reported',
    TIMEOUT,
    async () => {
      const env = { STOP_TIMEOUT_MS: '120000', HEALTH_EVERY_SECONDS: '3600' };
      const fleet = await startFleet({ pools: 10, namesHosts: true, env });

      const jobs = await deleteAll(
        fleet,
        fleet.pools.flatMap(({ doomed }) => doomed),
      );

      for (const job of jobs) expect(job).toMatchObject({ state: 'completed', warnings: [] });
      await expectAllPaid(fleet);
      await expectOnlyNeighbours(fleet);
      expect(await neighbourPids(fleet)).toEqual(fleet.pids);
      await expectEmptyPoolsReported(fleet);
    },
  );

  it.each([
    { mappings: 'mappings name their hosts', namesHosts: true },
    { mappings: 'no mapping names a host', namesHosts: false },
  ])(
    '$mappings, one goes away in the middle: the other does not wait for it, and it is put right when it is back',
    TIMEOUT,
    async ({ namesHosts }) => {
      const env = { STOP_TIMEOUT_MS: '12000' };
      const fleet = await startFleet({ pools: 4, namesHosts, env });
      const { app, uid, second } = fleet;
      const on = (host: FleetPool['on']) =>
        fleet.pools.filter((pool) => pool.on === host).flatMap(({ doomed }) => doomed);
      const [early, ...late] = on('second');
      await deleteAll(fleet, [early ?? '']);

      const away = second.halt();
      const there = deleteAll(fleet, late);
      const [meanwhile, after] = [on('first').slice(0, 3), on('first').slice(3)];
      const here = await deleteAll(fleet, meanwhile);
      await away;
      // Begun when nobody answers there any more, and ended while that is so.
      here.push(...(await deleteAll(fleet, after)));

      // Nobody had to wait; what the host that was away may hold is named.
      for (const { state, warnings } of here) {
        expect(state).toBe('completed');
        const codes = warnings.map(({ code }: { code: string }) => code);
        expect(namesHosts ? [] : ['not-seen-everywhere']).toEqual(expect.arrayContaining(codes));
      }
      // The policy pays although nobody can stop these; their tombstones remember them.
      for (const job of await there) {
        expect(job).toMatchObject({ state: 'completed', result: { wallet: { returned: VALUE } } });
      }
      await expectAllPaid(fleet);
      const tombstones = app.db.collection('tombstones');
      const open = await tombstones.find({ status: { $ne: 'ended' } }).toArray();
      // Without a host's name nobody can tell yet that those of the first host are nowhere else.
      const waiting = open.map(({ instanceId }) => instanceId);
      expect(waiting).toEqual(expect.arrayContaining(namesHosts ? late : [...late, ...after]));

      await second.resume();
      await waitFor(
        'every tombstone to end',
        async () => (await tombstones.countDocuments({ status: { $ne: 'ended' } })) === 0,
        60_000,
      );
      await waitFor('the neighbours to run again', async () => {
        const { status, body } = await app.call(uid, 'GET', '/bots');
        const neighbours = fleet.pools.filter(({ neighbour }) => neighbour !== null);
        return status === 200 && body.bots.length === neighbours.length;
      });
      await expectOnlyNeighbours(fleet);
    },
  );
});
