// A bot of a pool whose entry the file has lost: made again as the bot and its neighbours say, or not at all. Nothing is
// guessed: a wrong port leads the platform to another user's bot, or to none.

import { expect, it } from 'vitest';
import type { PoolState } from '../../src/domain/pool-state.ts';
import { startTestApplication, type TestApplication } from '../support/application.ts';
import { findingsOf, poolStateOf, readPoolState, userNamed } from '../support/deletions.ts';
import { skippedOf, syncWallet } from '../support/syncs.ts';
import { allocation, putUser } from '../support/users.ts';

const UID = 'uid-one';
const LOST = `${UID}-bot-2`;
const NEIGHBOUR = `${UID}-bot-3`;
const containerName = `freqtrade-pool-${UID}-pool-1`;

/** Its pool with one neighbour, at 9002, as a platform writes it that runs beside Docker and not in it. */
function withNeighbour(): PoolState {
  const { pools, botMapping, ...rest } = poolStateOf(UID);
  const [pool] = Object.values(pools);
  const mapping = botMapping[NEIGHBOUR];
  if (pool === undefined || mapping === undefined) throw new Error('no such sample');
  return {
    ...rest,
    pools: { [pool.id]: { ...pool, bots: [NEIGHBOUR] } },
    botMapping: { [NEIGHBOUR]: { ...mapping, host: 'localhost' } },
  };
}

/** @param port where the lost bot listens; null: its files do not say. */
async function startWithLost(port: number | null): Promise<TestApplication> {
  const app = await startTestApplication({ poolState: withNeighbour() });
  const bots = { [LOST]: allocation(100, 110), [NEIGHBOUR]: allocation(100, 110) };
  await putUser(app.connection, { balance: 50, bots, firebaseUid: UID });
  await app.world.addPooled({ instanceId: LOST, containerName, port });
  await app.world.addPooled({ instanceId: NEIGHBOUR, containerName, port: 9002 });
  return app;
}

it('its own port, though an earlier one is free, and the host that its neighbour has', async () => {
  const app = await startWithLost(9001);
  expect(skippedOf(await syncWallet(app, UID))).toEqual({});
  const { pools, botMapping } = await readPoolState(app);
  expect(botMapping[LOST]).toMatchObject({ port: 9001, host: 'localhost', slotIndex: 1 });
  expect(pools[`${UID}-pool-1`]?.bots).toEqual([NEIGHBOUR, LOST]);
  expect(await findingsOf(app, 'unmapped-bot')).toEqual([]);
});

it.each([
  { what: 'its files do not say a port', port: null, reason: 'port-unknown' },
  { what: 'its port is its neighbour’s', port: 9002, reason: 'port-taken' },
])('$what: no entry, skipped, reported once; nothing is paid', async ({ port, reason }) => {
  const app = await startWithLost(port);
  const before = await readPoolState(app);
  for (const seen of [1, 2]) {
    expect(skippedOf(await syncWallet(app, UID))).toEqual({ [LOST]: reason });
    expect(await findingsOf(app, 'unmapped-bot')).toMatchObject([
      { instanceId: LOST, discriminator: reason, seen, status: 'open' },
    ]);
  }
  expect(await readPoolState(app)).toEqual(before);
  expect((await userNamed(app, UID)).paperWallet.balance).toBe(50);
});
