// The page's view of bots on two hosts: whose silence matters to which bot (I4).

import { expect, it } from 'vitest';
import { createHostBelief } from '../../src/bots/hosts/host-belief.ts';
import { createHostTrust } from '../../src/bots/hosts/host-trust.ts';
import { createMongoHostRecords } from '../../src/bots/hosts/mongo-host-records.ts';
import { createSimulatedBots } from '../../src/bots/simulator/simulated-bots.ts';
import { createSimulatedWorld } from '../../src/bots/simulator/simulated-world.ts';
import { toFirebaseUid } from '../../src/domain/ids.ts';
import { ok } from '../../src/domain/source.ts';
import type { PoolStates } from '../../src/pool-state/pool-states.ts';
import { viewBots } from '../../src/sync/bot-views.ts';
import { createMongoTombstones } from '../../src/tombstones/mongo-tombstones.ts';
import { createMongoAccounts } from '../../src/wallet/mongodb/accounts.ts';
import { createMongoWallets } from '../../src/wallet/mongodb/wallets.ts';
import { createTestDatabase } from '../support/database.ts';
import { inertPorts } from '../support/inert-ports.ts';
import { sampleMapping, samplePool } from '../support/pool-state-samples.ts';
import { allocation, putUser } from '../support/users.ts';

const UID = 'uid-a';
const [HERE, SOMEWHERE] = [`${UID}-bot-1`, `${UID}-bot-2`];

it('a host is away: unknown is what may be there, and not the bot whose mapping names another host', async () => {
  const connection = await createTestDatabase();
  const now = () => new Date();
  const hosts = ['east', 'west'];
  const bots = createSimulatedBots({ connection, now, hosts, deadlineMs: 200 });
  const world = createSimulatedWorld(connection);
  const held = { [HERE]: allocation(100, 110), [SOMEWHERE]: allocation(100, 110) };
  const userId = await putUser(connection, { balance: 50, bots: held, firebaseUid: UID });
  await world.addDedicated({ instanceId: 'other-1', host: 'east' });
  await world.misbehave({ host: 'west' }, { unreachable: true });
  const state = {
    pools: { [`${UID}-pool-1`]: samplePool(UID, [HERE, SOMEWHERE]) },
    botMapping: {
      [HERE]: { ...sampleMapping(UID, HERE, 0), dockerHost: 'east' },
      [SOMEWHERE]: sampleMapping(UID, SOMEWHERE, 1),
    },
    nextPoolId: 2,
    updatedAt: now().toISOString(),
  };
  const hostRecords = createMongoHostRecords({ connection });
  const accounts = createMongoAccounts({ connection });
  const tombstones = createMongoTombstones({ connection });
  const hostTrust = createHostTrust({ bots, hostRecords, tombstones, accounts });
  const shown = await viewBots(
    {
      ...{ accounts, bots, hostTrust, tombstones },
      wallets: createMongoWallets({ connection }),
      hostBelief: createHostBelief({ bots, hostTrust, hostRecords }),
      poolStates: { ...inertPorts<PoolStates>(), read: async () => ok(state, now()) },
      sagas: { findHolders: async () => new Map() },
      nowMs: () => Date.now(),
    },
    { userId, firebaseUid: toFirebaseUid(UID) },
  );
  expect(shown.map(({ instanceId, verdict }) => [instanceId, verdict])).toEqual([
    [HERE, 'orphan'],
    [SOMEWHERE, 'unknown'],
  ]);
});
