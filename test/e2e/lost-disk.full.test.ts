// A daemon that lost its disk answers "no such container" for a bot that it held, and runs it again when the disk is
// back. Its absence ends nothing and moves nothing before the host is believed (I1, I4).

import { expect, it } from 'vitest';
import { dedicatedKey, worldCollection } from '../../src/bots/simulator/world-documents.ts';
import { asAdmin } from '../support/admin.ts';
import { startTestApplication, type TestApplication } from '../support/application.ts';
import {
  deleteBot,
  deleteThatCannotStop,
  deleteWithPause,
  injectFaults,
  jobIn,
  ownEntries,
  type PlacedBot,
  placeBot,
  standingTombstones,
  userNamed,
} from '../support/deletions.ts';
import { waitFor } from '../support/wait-for.ts';

/** @returns how the disk comes back, with the bot running as the daemon starts it. */
async function loseDisk(app: TestApplication, { instanceId }: PlacedBot) {
  const bots = worldCollection(app.db);
  const lost = await bots.findOneAndDelete({ _id: dedicatedKey(instanceId) });
  if (lost === null) throw new Error(`${instanceId} is not there`);
  return async () => {
    const { _id, injectFaults: _, ...fields } = lost;
    const set = { ...fields, running: true };
    await bots.updateOne({ _id }, { $set: set }, { upsert: true });
  };
}

const tombstoneOf = async (app: TestApplication) => (await standingTombstones(app))[0];

/** So that it was observed with the disk as it is now. */
async function confirmBots(app: TestApplication): Promise<void> {
  const attempts = async () => Number((await tombstoneOf(app))?.attempts ?? 0);
  const before = await attempts();
  await waitFor('the tombstone to be observed twice', async () => {
    await app.services.deletionPorts.tombstones.makeDue();
    const { status } = (await tombstoneOf(app)) ?? {};
    return status === 'ended' || (await attempts()) >= before + 2;
  });
}

/** @returns the codes of its warnings. */
async function refuseToStop(app: TestApplication, bot: PlacedBot) {
  await injectFaults(app, bot, { refuseStop: true });
  return (await deleteBot(app, bot)).body.warningCodes;
}

/** It stops, and is started again before its payment. @returns the same. */
async function refuseAfterItsStop(app: TestApplication, bot: PlacedBot) {
  const { warnings } = await deleteWithPause(app, bot, () => {
    const started = { running: true, injectFaults: { refuseStop: true as const } };
    const filter = { _id: dedicatedKey(bot.instanceId) };
    return worldCollection(app.db).updateOne(filter, { $set: started });
  });
  return warnings.map(({ code }: { code: string }) => code);
}

it.each([
  { when: 'a stop was given up', limitMs: 500, giveUp: refuseToStop },
  {
    when: 'started again and given up before its payment',
    limitMs: 3_000,
    giveUp: refuseAfterItsStop,
  },
])(
  '$when, then the disk is lost: the tombstone stands, and stops the bot when the disk is back',
  async ({ limitMs, giveUp }) => {
    const env = { ON_STOP_FAILURE: 'refund', STOP_TIMEOUT_MS: String(limitMs) };
    const app = await startTestApplication({ env });
    const bot = await placeBot(app, 'dedicated');
    expect(await giveUp(app, bot)).toEqual(['stop-failed', 'remove-container-unfinished']);

    const bringBack = await loseDisk(app, bot);
    await confirmBots(app);
    expect(await tombstoneOf(app)).toMatchObject({ status: 'settled' });

    await bringBack();
    await waitFor('the tombstone to end', async () => {
      await app.services.deletionPorts.tombstones.makeDue();
      return (await tombstoneOf(app))?.status === 'ended';
    });
    expect((await app.world.snapshot()).dedicated).toEqual([]);
    expect((await userNamed(app, bot.uid)).paperWallet.balance).toBe(160);
    expect(await ownEntries(app)).toHaveLength(1);
  },
);

it('the disk is lost before the stop: nothing is paid; it is back: stopped, removed and paid once', async () => {
  const app = await startTestApplication({ env: { ON_STOP_FAILURE: 'hold' } });
  const bot = await placeBot(app, 'dedicated');
  const jobId = await deleteThatCannotStop(app, bot);

  const bringBack = await loseDisk(app, bot);
  await waitFor('the absence to be doubted', async () => {
    const saga = await app.db.collection('sagas').findOne({});
    return JSON.stringify(saga).includes('an administrator must confirm it');
  });
  expect((await userNamed(app, bot.uid)).paperWallet.balance).toBe(50);

  await bringBack();
  await jobIn(app, bot.uid, jobId, 'completed');
  expect((await app.world.snapshot()).dedicated).toEqual([]);
  expect((await userNamed(app, bot.uid)).paperWallet.balance).toBe(160);
  expect(await ownEntries(app)).toHaveLength(1);
});

it('the host is empty in truth, and an administrator says so: the tombstone ends', async () => {
  const env = { ON_STOP_FAILURE: 'refund', STOP_TIMEOUT_MS: '500' };
  const app = await startTestApplication({ env });
  const bot = await placeBot(app, 'dedicated');
  await injectFaults(app, bot, { refuseStop: true });
  await deleteBot(app, bot);
  await loseDisk(app, bot);
  await confirmBots(app);
  expect(await tombstoneOf(app)).toMatchObject({ status: 'settled' });
  const path = '/admin/hosts/simulated/confirm';
  const { status } = await asAdmin(app, 'POST', path, { reason: 'it was set up anew' });
  expect(status).toBe(200);
  await waitFor('the tombstone to end', async () => {
    await app.services.deletionPorts.tombstones.makeDue();
    return (await tombstoneOf(app))?.status === 'ended';
  });
});
