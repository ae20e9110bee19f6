// The page's view of bots on two hosts: whose silence matters to which bot (I4).

import { expect, it } from 'vitest';
import { toSagaId } from '../../packages/saga/src/saga-id.ts';
import { createHostExpectations } from '../../src/bots/hosts/host-expectations.ts';
import { createHostTrust } from '../../src/bots/hosts/host-trust.ts';
import { createMongoHostRecords } from '../../src/bots/hosts/mongo-host-records.ts';
import { createSimulatedBots } from '../../src/bots/simulator/simulated-bots.ts';
import { toFirebaseUid } from '../../src/domain/ids.ts';
import { viewBots } from '../../src/sync/bot-views.ts';
import { createMongoTombstones } from '../../src/tombstones/mongo-tombstones.ts';
import { createMongoAccounts } from '../../src/wallet/mongodb/accounts.ts';
import { createMongoWallets } from '../../src/wallet/mongodb/wallets.ts';
import { poolStatesOver } from '../fakes/pool-states.ts';
import { createTestDatabase } from '../support/database.ts';
import { sampleMapping, samplePool } from '../support/pool-state-samples.ts';
import { createSimulatedWorld } from '../support/simulated-world.ts';
import { allocation, putUser } from '../support/users.ts';

const UID = 'uid-a';
const [HERE, SOMEWHERE] = [`${UID}-bot-1`, `${UID}-bot-2`];

/** Two bots of one user that no host shows: one mapped to a host, one to none that is named.
 * @param busy a bot that a job holds. */
async function setUp(home = 'east', busy?: string) {
  const db = await createTestDatabase();
  const now = () => new Date();
  const hosts = ['east', 'west'];
  const bots = createSimulatedBots({ db, now, hosts, deadlineMs: 1_000 });
  const world = createSimulatedWorld(db);
  const held = { [HERE]: allocation(100, 110), [SOMEWHERE]: allocation(100, 110) };
  const userId = await putUser(db, { balance: 50, bots: held, firebaseUid: UID });
  const state = {
    pools: { [`${UID}-pool-1`]: samplePool(UID, [HERE, SOMEWHERE]) },
    botMapping: {
      [HERE]: { ...sampleMapping(UID, HERE, 0), dockerHost: home },
      [SOMEWHERE]: sampleMapping(UID, SOMEWHERE, 1),
    },
    nextPoolId: 2,
    updatedAt: now().toISOString(),
  };
  const hostRecords = createMongoHostRecords(db);
  const accounts = createMongoAccounts(db);
  const tombstones = createMongoTombstones({ db });
  const hostTrust = createHostTrust({ bots, hostRecords, tombstones, accounts });
  const ports = {
    ...{ accounts, bots, hostTrust, tombstones },
    wallets: createMongoWallets({ db }),
    hostExpectations: createHostExpectations({ bots, hostTrust, hostRecords }),
    poolStates: poolStatesOver({ pools: state }),
    sagas: {
      findHolders: async (keys: readonly string[]) =>
        new Map(
          keys
            .filter((key) => busy !== undefined && key.endsWith(`/${busy}`))
            .map((key) => [key, toSagaId('del-aaaaaaaaaaaaaaaa')]),
        ),
    },
    nowMs: () => Date.now(),
  };
  return {
    ...{ db, world, hostRecords },
    verdicts: async () => {
      const shown = await viewBots(ports, { userId, firebaseUid: toFirebaseUid(UID) });
      return shown.map(({ instanceId, verdict }) => [instanceId, verdict]);
    },
  };
}

it('a host is away: unknown is what may be there, and not the bot whose mapping names another host', async () => {
  const { world, verdicts } = await setUp();
  await world.addDedicated({ instanceId: 'other-1', host: 'east' });
  await world.injectFaults({ host: 'west' }, { unreachable: true });
  expect(await verdicts()).toEqual([
    [HERE, 'orphan'],
    [SOMEWHERE, 'unknown'],
  ]);
});

it('no bot is placed on the empty host, and the other holds a neighbour’s: nothing is missed there', async () => {
  const { world, hostRecords, verdicts } = await setUp('west');
  await hostRecords.noteShown('east');
  await world.addDedicated({ instanceId: 'other-1', host: 'west', labels: { userId: 'uid-b' } });
  expect(await verdicts()).toEqual([
    [HERE, 'orphan'],
    [SOMEWHERE, 'orphan'],
  ]);
});

it('a container that nothing but its id gives to a user: shown to whose wallet pays for it, else to the longest uid', async () => {
  const { db, world, hostRecords, verdicts } = await setUp();
  await hostRecords.noteShown('west');
  const [paid, unpaid, own] = [`${UID}-bot-b-bot-1`, `${UID}-bot-b-bot-2`, `${UID}-bot-9`];
  for (const instanceId of [paid, unpaid, own])
    await world.addDedicated({ instanceId, host: 'east' });
  const bots = { [paid]: allocation(100, 110) };
  await putUser(db, { balance: 50, bots, firebaseUid: `${UID}-bot-b` });
  expect(await verdicts()).toEqual([
    [HERE, 'orphan'],
    [SOMEWHERE, 'orphan'],
    [own, 'ghost'],
  ]);
});

it('paid back, and its deletion not over yet: a job holds it, and it is no ghost', async () => {
  const paid = `${UID}-bot-9`;
  const { world, hostRecords, verdicts } = await setUp('west', paid);
  await hostRecords.noteShown('west');
  await world.addDedicated({ instanceId: paid, host: 'east', labels: { userId: UID } });
  expect(await verdicts()).toContainEqual([paid, 'busy']);
});
