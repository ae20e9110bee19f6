// Two Docker hosts, the second behind TLS, with a fleet of real pools over both: many deletions at once, and one host goes
// away in the middle of them.

import { randomBytes } from 'node:crypto';
import type Docker from 'dockerode';
import { expect, it } from 'vitest';
import { listedBots, type PoolState } from '../../src/pool-state/pool-state.ts';
import { startTestApplication, type TestApplication } from '../support/application.ts';
import { ownEntries, readPoolState, userNamed } from '../support/deletions.ts';
import { runPool, testDocker } from '../support/docker.ts';
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
}

const CREATED_AT = '2026-10-02T09:30:00.000Z';
const BALANCE = 1_000;
/** Each doomed bot got 100 and is worth this. */
const VALUE = 110.25;
const DOOMED_PER_POOL = 3;

const POOLS = 4;

async function startFleet(): Promise<Fleet> {
  const second = await startSecondDocker();
  const uid = `uid-fleet-${randomBytes(3).toString('hex')}`;
  const fleet = Array.from({ length: POOLS }, (_, index) => poolOf(uid, index));
  const app = await startTestApplication({
    env: {
      BOT_RUNTIME: 'docker',
      DOCKER_HOSTS: `first=unix://${testDocker().socket},second=${second.address}`,
      DOCKER_CERT_PATH: second.certPath,
      STOP_TIMEOUT_MS: '12000',
    },
    poolState: poolStateOf(uid, fleet),
  });
  const bots = Object.fromEntries(
    fleet.flatMap(botsOf).map((bot) => [bot, allocation(100, VALUE)] as const),
  );
  await putUser(app.db, { balance: BALANCE, bots, firebaseUid: uid });
  for (const pool of fleet) await (pool.on === 'first' ? runPool : second.runPool)(toPool(pool));
  return { app, uid, pools: fleet, second };
}

function poolOf(uid: string, index: number): FleetPool {
  const n = index + 1;
  const half = POOLS / 2;
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

/** As the platform writes it: no mapping names its Docker host. */
function poolStateOf(uid: string, fleet: readonly FleetPool[]): PoolState {
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
      const state = { port: 9_000 + index * 10 + slotIndex, status: 'running', instanceId };
      const bot = { ...place, ...state, userId: uid, createdAt: CREATED_AT };
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

const TIMEOUT = { timeout: 180_000 };

describeOwnDocker('a fleet over two Docker hosts', () => {
  it(
    'no mapping names a host, one goes away in the middle: the other does not wait for it, and it is put right when it is back',
    TIMEOUT,
    async () => {
      const fleet = await startFleet();
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
        expect(['not-seen-everywhere']).toEqual(expect.arrayContaining(codes));
      }
      // The policy pays although nobody can stop these; their tombstones remember them.
      for (const job of await there) {
        expect(job).toMatchObject({ state: 'completed', result: { wallet: { returned: VALUE } } });
      }
      await expectAllPaid(fleet);
      const tombstones = app.db.collection('tombstones');
      const open = await tombstones.find({ status: { $ne: 'ended' } }).toArray();
      // Nobody can tell yet that those of the first host are nowhere else.
      const waiting = open.map(({ instanceId }) => instanceId);
      expect(waiting).toEqual(expect.arrayContaining([...late, ...after]));

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
