// I10: whoever dies, and whatever was lost with it, every saga is run to its end without a person.

import { randomBytes, randomUUID } from 'node:crypto';
import { Queue, Worker } from 'bullmq';
import type { Db } from 'mongodb';
import type { Connection } from 'mongoose';
import { inject, onTestFinished } from 'vitest';
import type { LeaderLeases } from '../../packages/saga/src/log/leader-leases.ts';
import { createMongoLeaderLeases } from '../../packages/saga/src/log/mongodb/mongo-leader-leases.ts';
import type { SagaLog } from '../../packages/saga/src/log/saga-log.ts';
import { initialState } from '../../packages/saga/src/machine/initial-state.ts';
import {
  createBullmqWakeUps,
  type SagaQueue,
} from '../../packages/saga/src/queue/bullmq-wake-ups.ts';
import { connectRedis } from '../../packages/saga/src/queue/connections.ts';
import { createRelay } from '../../packages/saga/src/queue/relay.ts';
import { createLeaseKeeper } from '../../packages/saga/src/run/lease-keeper.ts';
import { createShares } from '../../packages/saga/src/run/shares.ts';
import { makeSagaId, toSagaId } from '../../packages/saga/src/saga-id.ts';
import { NO_WAKE_UPS } from '../../packages/saga/src/testing/bare-engine.ts';
import {
  createTestEngine,
  LEASE_MS,
  type TestEngine,
} from '../../packages/saga/test/support/saga-engine.ts';
import { sagasOf } from '../../packages/saga/test/support/saga-log.ts';
import { createSagaWorld, sagaOf, stepsOf } from '../../packages/saga/test/support/saga-world.ts';
import { claimRequest, newSaga } from '../../packages/saga/test/support/saga-writes.ts';
import { nativeDb } from '../../src/infra/mongodb/native.ts';
import { findInstallation } from '../../src/main/installation.ts';
import { createTestDatabase } from '../support/database.ts';
import { createTcpProxy } from '../support/tcp-proxy.ts';
import { createTestValkey, type TestValkey } from '../support/valkey.ts';
import { waitFor } from '../support/wait-for.ts';
import { breaches, twinsOf } from './bite.ts';

const SLOTS = 10;

twinsOf('I10', {
  // Its wake-up was lost, and the process that held the relay's lease has died.
  'lease-that-never-expires': async (part) => {
    const { connection, engine } = await setUp();
    const elect = part === 'twin' ? firstComeForEver : createMongoLeaderLeases;
    await elect(nativeDb(connection)).hold('relay', 1);
    await engine.start();
    await engine.pass(LEASE_MS);
    return breaches({
      'nobody wakes a saga whose wake-up was lost': !(await isWoken(
        engine,
        elect(nativeDb(connection)),
      )),
    });
  },

  // A worker died in the middle of a saga. The clock of the other one is an hour late.
  'lease-by-the-local-clock': async (part) => {
    const { engine, options } = await setUp();
    const id = await engine.start();
    await engine.log.claim(id, claimRequest());
    await engine.pass(LEASE_MS);
    const late = (log: SagaLog) => (part === 'twin' ? byOwnClock(log, options.connection) : log);
    const other = await createTestEngine({ ...options, wrapLog: late });
    const outcome = await other.run(id);
    return breaches({ 'the saga of a dead worker is left alone': outcome.status !== 'at-rest' });
  },
  // One user's hundred sagas do not end; then another user's first one comes to the worker of ten slots.
  'slots-without-shares': async (part) => {
    const shares = createShares(part === 'twin' ? Number.POSITIVE_INFINITY : SLOTS);
    let taken = 0;
    const take = (user: string, n: number) => {
      const id = toSagaId(`tst-${user}${String(n).padStart(10, '0')}`);
      if (taken === SLOTS || !shares.enter(user, { id, kind: 'test-saga' })) return false;
      taken += 1;
      return true;
    };
    for (let n = 0; n < 100; n += 1) take('greedy', n);
    return breaches({
      'a user’s saga found no slot behind another user’s many': !take('modest', 1),
    });
  },
  // The primary was demoted, and its address leads to another; nobody has cut a socket.
  'socket-to-the-old-primary': async (part) => {
    const [old, heir] = [await createTestValkey(), await createTestValkey()];
    const address = { host: '127.0.0.1', port: portOf(old) };
    const proxy = await createTcpProxy(address);
    const redis = connectRedis(`redis://127.0.0.1:${proxy.port}`, 'producer', () => undefined);
    onTestFinished(() => redis.disconnect());
    if (part === 'twin') redis.options.reconnectOnError = null;
    const queue: SagaQueue = new Queue('deletion', { connection: redis, prefix: 'twin' });
    queue.on('error', () => undefined);
    onTestFinished(() => queue.close());
    const wakeUps = createBullmqWakeUps(() => queue);
    await queue.waitUntilReady();
    address.port = portOf(heir);
    const admin = redis.duplicate({ port: portOf(old), enableOfflineQueue: true });
    onTestFinished(() => admin.disconnect());
    await admin.call('REPLICAOF', '127.0.0.1', String(address.port));
    let isWoken = false;
    for (let turns = 0; turns < MAX_TURNS && !isWoken; turns += 1) {
      await waitFor('the socket', () => redis.status === 'ready');
      isWoken = await wakeUps
        .requeue(makeSagaId('del', Date.now(), randomBytes(16)), 'delete-bot')
        .then(
          () => true,
          () => false,
        );
    }
    return breaches({ 'no wake-up reaches the new primary': !isWoken });
  },
  // Two databases, one Redis. The job of one is there; the workers of the other ask.
  'keys-without-an-installation': async (part) => {
    const shared = `t-${randomUUID()}`;
    const prefixOf = async () =>
      part === 'twin'
        ? shared
        : `${shared}:${(await findInstallation(await createTestDatabase())).id}`;
    const connection = connectRedis(inject('redisUrl'), 'worker', () => undefined);
    onTestFinished(() => connection.disconnect());
    const queue = new Queue('deletion', { connection, prefix: await prefixOf() });
    const other = new Worker('deletion', null, { connection, prefix: await prefixOf() });
    onTestFinished(async () => {
      await other.close(true);
      await queue.obliterate({ force: true });
      await queue.close();
    });
    await queue.add('delete-bot', {}, { jobId: 'a-job' });
    const taken = await other.getNextJob('a-token', { block: false });
    return breaches({ 'a worker took a wake-up of another installation': taken !== undefined });
  },

  // One connection of the worker is dead, and its first renewal went out on it.
  'renewal-that-waits-for-one-that-hangs': async (part) => {
    let renewals = 0;
    const renew = () => {
      renewals += 1;
      return renewals === 1 ? new Promise<void>(() => undefined) : Promise.resolve();
    };
    let turns = 0;
    const beat = setInterval(() => {
      turns += 1;
    }, RENEW_EVERY_MS);
    onTestFinished(() => clearInterval(beat));
    const make = part === 'twin' ? waitingKeeper : createLeaseKeeper;
    const onError = () => undefined;
    const keeper = make({ log: { renew }, leaseMs: 3 * RENEW_EVERY_MS, onError });
    keeper.hold({ sagaId: makeSagaId('del', 1, randomBytes(16)), epoch: 1, owner: 'o' });
    keeper.start();
    await waitFor('the renewals to have had their turns', () => turns > MAX_TURNS);
    await keeper.stop();
    return breaches({ 'the leases of a live worker are not renewed': renewals < 3 });
  },

  // The process accepts a saga for a worker of its own, and dies.
  'first-lease-without-an-end': async (part) => {
    const { engine } = await setUp();
    const leaseMs = part === 'twin' ? Number.MAX_SAFE_INTEGER / 1_000_000 : LEASE_MS;
    const given = newSaga({ state: initialState({ steps: [{ name: 'a' }] }) });
    await engine.log.insert({ ...given, claim: { owner: 'dead', leaseMs, events: [] } });
    await engine.pass(LEASE_MS);
    const outcome = await engine.run(given.id);
    return breaches({
      'accepted by a process that died, and no worker takes it': outcome.status !== 'at-rest',
    });
  },
});

const RENEW_EVERY_MS = 20;

/** One renewal at a time. */
const waitingKeeper: typeof createLeaseKeeper = ({ log, leaseMs, onError }) => {
  let renewing: Promise<void> | undefined;
  const keeper = createLeaseKeeper({
    leaseMs,
    onError,
    log: {
      renew: (claims) => {
        renewing ??= log.renew(claims, leaseMs).finally(() => {
          renewing = undefined;
        });
        return renewing;
      },
    },
  });
  return keeper;
};

const portOf = ({ url }: TestValkey) => Number(new URL(url).port);

async function setUp() {
  const connection = await createTestDatabase();
  const make = stepsOf(await createSagaWorld(connection));
  const options = { connection, definitions: [sagaOf([make.undoable('a')])] };
  return { connection, options, engine: await createTestEngine(options) };
}

/** As many turns of the relay as may pass before the saga is woken: the first, if all is well. */
const MAX_TURNS = 10;
const TURN_MS = 25;

async function isWoken({ log }: TestEngine, leaderLeases: LeaderLeases): Promise<boolean> {
  const woken: string[] = [];
  let turns = 0;
  const relay = createRelay({
    log,
    leaderLeases: {
      ...leaderLeases,
      hold: (...lease) => {
        turns += 1;
        return leaderLeases.hold(...lease);
      },
    },
    wakeUps: NO_WAKE_UPS,
    everyMs: TURN_MS,
    holdMs: 500,
    onRepair: ({ sagaId }) => void woken.push(sagaId),
    onError: () => undefined,
  });
  relay.start();
  await waitFor('the relay to have had its turns', () => woken.length > 0 || turns > MAX_TURNS);
  await relay.stop();
  return woken.length > 0;
}

/** A leader lease without a term. */
function firstComeForEver(db: Db): LeaderLeases {
  const leases = db.collection<{ _id: string; owner: string }>('leasesForEver');
  const owner = crypto.randomUUID();
  return {
    hold: async (name) => {
      const filter = { _id: name };
      await leases.updateOne(filter, { $setOnInsert: { owner } }, { upsert: true });
      return (await leases.findOne(filter))?.owner === owner;
    },
    giveBack: async () => undefined,
  };
}

/** Whether a lease is live is judged by this worker's own clock. */
function byOwnClock(log: SagaLog, connection: Connection): SagaLog {
  const anHourLate = () => Date.now() - 3_600_000;
  return {
    ...log,
    claim: async (sagaId, request) => {
      const stored = await sagasOf(connection).findOne({ _id: sagaId as never });
      const leaseUntil: Date | null = stored?.leaseUntil ?? null;
      if (leaseUntil === null || leaseUntil.getTime() < anHourLate()) {
        return log.claim(sagaId, request);
      }
      return { status: 'busy', retryAtMs: leaseUntil.getTime() };
    },
  };
}
