// A bot of a pool whose entry the file has lost: made again as the bot and its neighbours say, or not at all. Nothing is
// guessed: a wrong port leads the platform to another user's bot, or to none.

import { expect, it } from 'vitest';
import { startTestApplication, type TestApplication } from '../support/application.ts';
import { findingsOf, readPoolState, userNamed } from '../support/deletions.ts';
import { skippedOf, syncWallet } from '../support/syncs.ts';
import { createPlatform, type Platform } from './stand-in/platform.ts';

const UID = 'uid-one';
const LOST = `${UID}-bot-2`;
const NEIGHBOUR = `${UID}-bot-3`;

/** Two bots of one pool at 9001 and 9002, with 9000 free, and a file that has lost the first of them.
 * @param port where the lost bot listens; null: its files do not say. */
async function startWithLost(app: TestApplication, port: number | null): Promise<Platform> {
  const platform = createPlatform(app);
  await platform.place({ balance: 260 });
  await platform.place();
  await platform.place();
  await platform.delete(UID, `${UID}-bot-1`);
  const { containerName } = platform.slotOf(LOST);
  await platform.programs.remove(platform.slotOf(LOST));
  await platform.cleanUp(UID);
  await app.world.addPooled({ instanceId: LOST, containerName, port });
  return platform;
}

it('its own port, though an earlier one is free, and the host that its neighbour has: the platform reaches it', async () => {
  const app = await startTestApplication();
  const platform = await startWithLost(app, 9001);
  expect(skippedOf(await syncWallet(app, UID))).toEqual({});
  await platform.restart();
  expect(platform.slotOf(LOST)).toMatchObject({ port: 9001, host: 'localhost', slotIndex: 1 });
  expect(platform.botsOf(UID).map(({ instanceId }) => instanceId)).toEqual([NEIGHBOUR, LOST]);
  expect(await findingsOf(app, 'unmapped-bot')).toEqual([]);
});

it.each([
  { what: 'its files do not say a port', port: null, reason: 'port-unknown' },
  { what: 'its port is its neighbour’s', port: 9002, reason: 'port-taken' },
])('$what: no entry, skipped, reported once; nothing is paid', async ({ port, reason }) => {
  const app = await startTestApplication();
  await startWithLost(app, port);
  const before = await readPoolState(app);
  const { balance } = (await userNamed(app, UID)).paperWallet;
  for (const observed of [1, 2]) {
    expect(skippedOf(await syncWallet(app, UID))).toEqual({ [LOST]: reason });
    expect(await findingsOf(app, 'unmapped-bot')).toMatchObject([
      { instanceId: LOST, discriminator: reason, observed, status: 'open' },
    ]);
  }
  expect(await readPoolState(app)).toEqual(before);
  expect((await userNamed(app, UID)).paperWallet.balance).toBe(balance);
});
