// The saga of a provision on its own engine, where a test can stand between two steps.

import { expect, it } from 'vitest';
import { SagaError, TerminalError } from '../../packages/saga/src/errors.ts';
import { createTestEngine } from '../../packages/saga/test/support/saga-engine.ts';
import type { StartOrder } from '../../src/bots/bots.ts';
import { toFirebaseUid, toInstanceId, toUserId } from '../../src/domain/ids.ts';
import { createProvisionBotSaga, PROVISION_BOT } from '../../src/provisioning/provision-bot.ts';
import type { ProvisionBotInput } from '../../src/provisioning/provision-bot-input.ts';
import type { ProvisioningPorts } from '../../src/provisioning/provisioning-ports.ts';
import { NOTHING_OBSERVED } from '../../src/tombstones/tombstones.ts';
import { createPlatform } from '../platform/stand-in/platform.ts';
import type { TestApplication } from '../support/application.ts';
import { allOf, readPoolState, userNamed } from '../support/deletions.ts';
import {
  conservation,
  emptyPool,
  poolName,
  type SetUp,
  setUpProvisioning,
  UID,
} from '../support/provisions.ts';
import { byId, incarnationOf, platformSets, SAGA_B, users } from '../support/users.ts';

const BOT = toInstanceId(`${UID}-bot-1`);

/** Runs one provision to its rest, with these ports in place of the application's. */
async function run(
  replace: (app: TestApplication, ports: ProvisioningPorts) => Partial<ProvisioningPorts>,
  options: SetUp = {},
) {
  const app = await setUpProvisioning({ ...options, env: { WORKERS: 'none', ...options.env } });
  const ports = app.services.deletionPorts;
  const definitions = [createProvisionBotSaga({ ...ports, ...replace(app, ports) })];
  const engine = await createTestEngine({ definitions, db: app.db });
  const userId = toUserId(String((await userNamed(app, UID))._id));
  const { saga } = await engine.sagas.start({
    kind: PROVISION_BOT,
    subject: userId,
    requestedBy: 'a test',
    input: {
      userId,
      firebaseUid: toFirebaseUid(UID),
      instanceId: BOT,
      botName: 'Alpha',
      allocatedAmount: 250.5,
      amountMinor: 25_050,
      image: null,
      startTimeoutMs: 2_000,
      undoTimeoutMs: 1_000,
    } satisfies ProvisionBotInput,
  });
  return { app, userId, saga: await engine.runToRest(saga.id) };
}

it('the bot dies between its start and the activation: undone at the pivot, the money is back', async () => {
  const { app, saga } = await run((application, { bots }) => ({
    bots: {
      ...bots,
      start: async (order, call) => {
        const observed = await bots.start(order, call);
        await application.db
          .collection<{ _id: string }>('simulatedBots')
          .updateOne({ _id: `pooled:${BOT}` }, { $set: { program: 'EXITED' } });
        return observed;
      },
    },
  }));
  expect(saga.state).toMatchObject({
    phase: 'compensated',
    cause: { code: 'BOT_DID_NOT_STAY', step: 'activate' },
  });
  expect((await app.world.snapshot()).pooled).toEqual([]);
  expect((await readPoolState(app)).botMapping).toEqual({});
  expect(await conservation(app)).toEqual({ balanceMinor: 100_000, expectedMinor: 100_000 });
});

// The platform writes its entry first, and starts the bot's program some seconds later.
it.each<[string, number]>([
  ['and its program runs', 1],
  ['and its program is still to be started', 0],
])(
  'the platform gives the very id to a bot of its own after the request, %s: left as it is, the money is back',
  async (_, programs) => {
    const containerName = poolName(UID);
    const mapping = {
      ...{ instanceId: BOT, userId: UID, poolId: `${UID}-pool-1`, containerName },
      ...{ slotIndex: 0, port: 9000, status: 'pending', createdAt: '2026-10-02T09:30:00.000Z' },
    };
    const { app, saga } = await run((application, { wallets, poolStates }) => ({
      wallets: {
        ...wallets,
        reserve: async (order) => {
          if (programs > 0) await application.world.addPooled({ instanceId: BOT, containerName });
          await poolStates.mutate({
            change: (state) => ({ ...state, botMapping: { [BOT]: mapping } }),
            fence: async () => undefined,
            signal: new AbortController().signal,
            about: { bots: [BOT] },
          });
          return wallets.reserve(order);
        },
      },
    }));
    expect(saga.state).toMatchObject({ phase: 'compensated', cause: { code: 'ID_IN_USE' } });
    expect((await readPoolState(app)).botMapping).toEqual({ [BOT]: mapping });
    expect((await app.world.snapshot()).pooled).toHaveLength(programs);
    expect(await app.db.collection('tombstones').countDocuments()).toBe(0);
    expect(await conservation(app)).toEqual({ balanceMinor: 100_000, expectedMinor: 100_000 });
  },
);

it('the only slot is taken back by a tombstone after the request: no place, and the money is back', async () => {
  const pools = [emptyPool({ capacity: 1 })];
  const { app, saga } = await run(
    (_, { wallets, tombstones }) => ({
      wallets: {
        ...wallets,
        // A deletion that took its entry out, and whose bot is not gone.
        reserve: async (order) => {
          await tombstones.open({
            incarnation: incarnationOf(order.userId, toInstanceId(`${UID}-bot-0`)),
            sagaId: SAGA_B,
            epoch: 1,
            firebaseUid: null,
            ...NOTHING_OBSERVED,
            slot: {
              poolId: `${UID}-pool-1`,
              containerName: poolName(UID),
              slotIndex: 0,
              port: 9000,
            },
            hadAllocation: true,
            mayTakeOver: [],
          });
          return wallets.reserve(order);
        },
      },
    }),
    { pools },
  );
  expect(saga.state).toMatchObject({ phase: 'compensated', cause: { code: 'NO_POOL' } });
  expect(await conservation(app)).toEqual({ balanceMinor: 100_000, expectedMinor: 100_000 });
});

it('the account is deleted in the middle: the bot is removed all the same, and the money is written off', async () => {
  const { app, userId, saga } = await run((application, { bots }) => ({
    bots: {
      ...bots,
      start: async (order, call) => {
        const observed = await bots.start(order, call);
        await users(application.db).deleteOne(byId(order.userId));
        return observed;
      },
    },
  }));
  expect(saga.state).toMatchObject({
    phase: 'compensated',
    cause: { code: 'ALLOCATION_VANISHED', step: 'activate' },
  });
  expect((await app.world.snapshot()).pooled).toEqual([]);
  expect((await readPoolState(app)).botMapping).toEqual({});
  const entries = await allOf(app, 'ledger');
  expect(
    entries.map(({ type, userId: of, amountMinor }) => [type, of, Number(amountMinor)]),
  ).toEqual([
    ['allocate', userId, -25_050],
    ['write-off', userId, 25_050],
  ]);
});

it('the pool state cannot be written on the way back: the money is back in time, the entry is the tombstone’s', async () => {
  let isBroken = false;
  const { app, saga } = await run((_, { bots, poolStates }) => ({
    bots: {
      ...bots,
      start: async (order, call) => {
        isBroken = true;
        return bots.start({ ...order, place: { ...order.place, host: 'nowhere' } }, call);
      },
    },
    poolStates: {
      ...poolStates,
      mutate: (mutation) =>
        poolStates.mutate({
          ...mutation,
          fence: async () => {
            if (isBroken) throw new SagaError('POOL_STATE_UNREADABLE', 'torn');
            await mutation.fence();
          },
        }),
    },
  }));
  expect(saga.state).toMatchObject({ phase: 'compensated', cause: { code: 'START_TIMED_OUT' } });
  expect((await userNamed(app, UID)).paperWallet.balance).toBe(1000);
  expect(await conservation(app)).toEqual({ balanceMinor: 100_000, expectedMinor: 100_000 });
  expect((await readPoolState(app)).botMapping[BOT]).toMatchObject({ status: 'pending' });
  expect(await allOf(app, 'tombstones')).toMatchObject([
    { instanceId: BOT, status: 'settled', slot: { port: 9000 } },
  ]);
});

/** Lets the bot not start, after `meanwhile`. */
function failingStart(
  meanwhile: (app: TestApplication, order: StartOrder) => Promise<unknown>,
): Parameters<typeof run>[0] {
  return (app, { bots }) => ({
    bots: {
      ...bots,
      start: async (order) => {
        await meanwhile(app, order);
        throw new TerminalError('NO_START', 'it does not start');
      },
    },
  });
}

// SAGA_B is in no log: it has ended long ago.
const LEFTOVERS: [string, (app: TestApplication, order: StartOrder) => Promise<unknown>][] = [
  [
    'lock',
    ({ db }, { userId }) =>
      platformSets(db, userId, {
        [`botAllocations.${BOT}.lockedBy`]: { sagaId: SAGA_B, epoch: 7, value: 250.5 },
      }),
  ],
  [
    'tombstone',
    async ({ services }, { userId }) => {
      const { wallets, tombstones } = services.deletionPorts;
      const reading = await wallets.readAllocation(userId, BOT);
      const incarnationId = reading.status === 'present' ? reading.allocation.incarnationId : null;
      await tombstones.open({
        incarnation: incarnationOf(userId, BOT, String(incarnationId)),
        sagaId: SAGA_B,
        epoch: 1,
        firebaseUid: null,
        ...NOTHING_OBSERVED,
        slot: null,
        hadAllocation: true,
        mayTakeOver: [],
      });
    },
  ],
];

it.each(LEFTOVERS)(
  'the way back finds the %s of a saga that has ended: taken over, the money is back',
  async (_, leave) => {
    const { app, saga } = await run(failingStart(leave));
    expect(saga.state).toMatchObject({ phase: 'compensated', cause: { code: 'NO_START' } });
    expect((await userNamed(app, UID)).botAllocations).toEqual({});
    expect(await conservation(app)).toEqual({ balanceMinor: 100_000, expectedMinor: 100_000 });
  },
);

it('the lock is dropped and the numbers are no money: stuck with the number, and not retried for ever', async () => {
  const { saga } = await run(
    failingStart(({ db }, { userId }) =>
      platformSets(db, userId, { [`botAllocations.${BOT}.currentValue`]: 'a lot' }),
    ),
  );
  expect(saga.state).toMatchObject({ phase: 'stuck', cause: { code: 'NOT_MONEY' } });
});

it('the platform pays the bot back on the way: compensated, and nothing is paid twice', async () => {
  const { app, saga } = await run(failingStart((app) => createPlatform(app).delete(UID, BOT)));
  expect(saga.state).toMatchObject({ phase: 'compensated', cause: { code: 'NO_START' } });
  expect((await userNamed(app, UID)).paperWallet.balance).toBe(1000);
  expect(await conservation(app)).toEqual({ balanceMinor: 100_000, expectedMinor: 100_000 });
});
