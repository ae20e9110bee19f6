// The platform's orchestrator keeps its pools in memory and writes them over the file whole: a bot that was deleted here
// comes back into the file with its next write, stays listed, and counts its slot, until its clean-up.

import { expect, it } from 'vitest';
import { readMetrics, startTestApplication, type TestApplication } from '../support/application.ts';
import {
  checkedAs,
  deleteBot,
  deleteThatCannotStop,
  injectFaults,
  jobIn,
  makeEndedDue,
  readPoolState,
} from '../support/deletions.ts';
import { syncWallet } from '../support/syncs.ts';
import { waitFor } from '../support/wait-for.ts';
import { createPlatform } from './stand-in/platform.ts';

const listedIn = async (app: TestApplication) => {
  const { pools, botMapping } = await readPoolState(app);
  return { pool: pools['uid-one-pool-1']?.bots, mapped: Object.keys(botMapping) };
};

async function resurrections(app: TestApplication): Promise<number> {
  const text = await readMetrics(app);
  return Number(/^pool_state_resurrections_total (\S+)$/m.exec(text)?.[1]);
}

it('its next write after a deletion: the entry is taken out again and counted; its clean-up frees the slot', async () => {
  const app = await startTestApplication();
  const platform = createPlatform(app);
  const kept = await platform.place();
  const { uid, instanceId } = await platform.place({ balance: 0, allocated: 20 });
  expect((await deleteBot(app, { uid, instanceId })).body.success).toBe(true);
  expect(await resurrections(app)).toBe(0);

  await platform.monitor();
  await platform.save();
  expect((await listedIn(app)).mapped).toContain(instanceId);
  await makeEndedDue(app);
  await waitFor('the entry to be taken out', async () => {
    return !(await listedIn(app)).mapped.includes(instanceId);
  });
  const left = [kept.instanceId];
  expect(await listedIn(app)).toEqual({ pool: left, mapped: left });
  await waitFor('the count', async () => (await resurrections(app)) === 1);

  expect(platform.slotOf(instanceId).status).toBe('running');
  expect(await platform.cleanUp(uid)).toEqual([instanceId]);
  expect(platform.nextId(uid)).toBe(instanceId);
  expect(await listedIn(app)).toEqual({ pool: left, mapped: left });
});

it('its write between lock and refund: the deletion takes the entry out all the same', async () => {
  const app = await startTestApplication();
  const platform = createPlatform(app);
  const bot = await platform.place();
  const jobId = await deleteThatCannotStop(app, bot);
  const { instanceId } = await platform.place({ allocated: 20 });
  await injectFaults(app, bot, null);
  const { warnings } = await jobIn(app, bot.uid, jobId, 'completed');
  expect(warnings).toEqual([]);
  expect(await listedIn(app)).toEqual({ pool: [instanceId], mapped: [instanceId] });
});

it('it has started a bot of that id again and not yet written its money: the tombstone leaves it, and no sync pays it (I5)', async () => {
  const app = await startTestApplication();
  const platform = createPlatform(app);
  await platform.place();
  const { uid, instanceId } = await platform.place({ balance: 0, allocated: 20 });
  expect((await deleteBot(app, { uid, instanceId })).body.success).toBe(true);
  await platform.cleanUp(uid);
  const copy = await platform.read(uid);
  await platform.start(uid, instanceId);
  const slot = platform.slotOf(instanceId);

  for (const status of ['ended', 'settled'] as const) {
    await checkedAs(app, status);
    expect(await platform.programs.status(slot)).toBe('RUNNING');
    expect((await listedIn(app)).mapped).toContain(instanceId);
  }
  await platform.allocate(copy, instanceId, 30);
  expect((await syncWallet(app, uid)).body.data.totalReturned).toBe(0);
});
