// Whether real hosts are believed (I4): one that holds containers of the platform, and one that does not answer.

import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { createConfirmHost } from '../../src/bots/hosts/confirm-host.ts';
import { createHostTrust } from '../../src/bots/hosts/host-trust.ts';
import { createMongoHostRecords } from '../../src/bots/hosts/mongo-host-records.ts';
import { createMongoTombstones } from '../../src/tombstones/mongo-tombstones.ts';
import { createMongoAccounts } from '../../src/wallet/mongodb/accounts.ts';
import { createTestDatabase } from '../support/database.ts';
import { describeDocker } from '../support/docker.ts';
import { createDockerWorld } from './bots-world.ts';

const call = { signal: new AbortController().signal };
const CONFIRMATION = { by: 'admin:ann', reason: 'I think so' };

async function setUp(endpoint?: Parameters<typeof createDockerWorld>[0]) {
  const db = await createTestDatabase();
  const { bots, addDedicated } = await createDockerWorld(endpoint);
  const hostRecords = createMongoHostRecords(db);
  const tombstones = createMongoTombstones({ db });
  return {
    addDedicated,
    hostRecords,
    confirm: createConfirmHost({
      ...{ bots, hostRecords },
      unlistedHosts: { isListed: () => true, isRemembered: async () => false },
    }),
    trust: createHostTrust({
      bots,
      hostRecords,
      tombstones,
      accounts: createMongoAccounts(db),
    }),
  };
}

describeDocker('trust in a docker host', () => {
  it('holds one managed container, others are missed: trusted, and never confirmed to be empty', async () => {
    const { addDedicated, hostRecords, trust, confirm } = await setUp();
    const instanceId = `trust-${randomUUID().slice(0, 8)}-bot-1`;
    await addDedicated({ instanceId, labels: { instanceId }, state: 'stopped' });
    await hostRecords.noteListing(
      'test',
      {
        bots: [{ instanceId: 'gone-bot-1', owners: [] }],
        count: 7,
        isPartial: false,
      },
      undefined,
    );
    expect(await trust.judge('test', { placedByFile: [] }, call)).toBe('trusted');
    expect(await confirm.confirm('test', CONFIRMATION, call)).toEqual({ status: 'not-empty' });
  });

  it('does not answer: unknown with the reason, even where nothing is missed', async () => {
    const { trust, confirm, hostRecords } = await setUp({ socketPath: '/nowhere/docker.sock' });
    const judged = await trust.judge('test', { placedByFile: [] }, call);
    expect(judged).toEqual({ unknown: expect.stringContaining('test') });
    expect(await confirm.confirm('test', CONFIRMATION, call)).toMatchObject({ status: 'unknown' });
    expect(await hostRecords.find(['test'])).toEqual(new Map());
  });
});
