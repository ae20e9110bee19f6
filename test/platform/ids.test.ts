// Ids that the platform takes from a client as they come: whatever it has made is deletable, and nothing but that bot is
// touched. Ids are data and may look like a path, a property or a pattern.

import { expect, it } from 'vitest';
import { isProgramName, programName } from '../../src/bots/supervisor/program-names.ts';
import { startTestApplication } from '../support/application.ts';
import { deleteBot, readPoolState, userNamed } from '../support/deletions.ts';
import { createPlatform } from './stand-in/platform.ts';

const UID = 'uid-odd';

/** With money: its model takes them for keys. */
const IDS = [
  ...['toString', 'hasOwnProperty', 'valueOf', '0', 'x'.repeat(128), 'A-_--', '_x', '-x', '*'],
  ...['a b', 'a:b', 'a/b', "it's", 'ä', 'auth0|x-bot-1', '-bot-20260101120000'],
];

/** Its bot runs before the model refuses the key, and stays without money. */
const REFUSED_IDS = ['me@x.org-bot-1', 'a.b', '../b', '$set', '__proto__', 'constructor'];

it('blanks, slashes, quotes, property names, 128 characters: each deletes exactly its own bot', async () => {
  const app = await startTestApplication();
  const ids = [...IDS, ...REFUSED_IDS];
  const platform = createPlatform(app, { capacity: ids.length });
  const bot = { uid: UID, allocated: 10, live: 11, balance: 10 * (IDS.length - 1) };
  for (const instanceId of IDS) await platform.place({ ...bot, instanceId });
  for (const instanceId of REFUSED_IDS) {
    await expect(platform.place({ ...bot, instanceId }), instanceId).rejects.toThrow(/Mongoose/);
  }
  for (const [index, instanceId] of ids.entries()) {
    const returned = index < IDS.length ? worthOf(instanceId) : undefined;
    const { body } = await deleteBot(app, { uid: UID, instanceId });
    expect(body, instanceId).toMatchObject({ success: true });
    expect([body.wallet?.returned, body.warnings], instanceId).toEqual([returned, undefined]);
    const left = ids.slice(index + 1);
    const user = await userNamed(app, UID);
    expect(new Set(Object.keys(user.botAllocations))).toEqual(new Set(IDS.slice(index + 1)));
    const { pools, botMapping } = await readPoolState(app);
    expect(pools[`${UID}-pool-1`]?.bots).toEqual(left);
    expect(new Set(Object.keys(botMapping))).toEqual(new Set(left));
    const running = (await app.world.snapshot()).pooled.map((one) => one.instanceId);
    expect(new Set(running)).toEqual(new Set(left.filter(runs)));
  }
  expect((await userNamed(app, UID)).paperWallet.balance).toBe(
    IDS.reduce((sum, id) => sum + worthOf(id), 0),
  );
});

function runs(instanceId: string): boolean {
  return isProgramName(programName(instanceId));
}

/** What never ran is paid as it is stored. */
function worthOf(instanceId: string): number {
  return runs(instanceId) ? 11 : 10;
}
