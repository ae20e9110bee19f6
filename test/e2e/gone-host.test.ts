// A host that was taken out of DOCKER_HOSTS while bots are remembered there. It cannot be asked, so that its bots are unknown on
// every road to money, until it is named again or an administrator decides that it is gone for good.

import { expect, it } from 'vitest';
import { asAdmin } from '../support/admin.ts';
import { problemOf, startTestApplication, type TestApplication } from '../support/application.ts';
import { deleteBot, standingTombstones } from '../support/deletions.ts';
import { botOnLost, returnedBy, skippedOf, syncWallet } from '../support/syncs.ts';
import { readUser } from '../support/users.ts';
import { waitFor } from '../support/wait-for.ts';

const decide = (app: TestApplication, host = 'lost') =>
  asAdmin(app, 'POST', `/admin/hosts/${host}/confirm`, { reason: 'it burnt', gone: true });

const hostIn = async (app: TestApplication, host = 'lost') => {
  const { sources } = (await asAdmin(app, 'GET', '/admin/overview')).body;
  return sources.find(({ name }: { name: string }) => name === host);
};

it('a synchronisation: unknown until it is decided, by name, who and why; then paid', async () => {
  const app = await startTestApplication();
  const bot = await botOnLost(app, 'uid-one');
  expect(skippedOf(await syncWallet(app, bot.uid))).toEqual({ [bot.instanceId]: 'unknown' });
  expect(await hostIn(app)).toMatchObject({ status: 'unlisted', toConfirm: expect.any(String) });
  expect((await decide(app, 'losst')).status).toBe(404);
  expect(problemOf(await decide(app, 'simulated'))).toBe('409 host-listed');
  // As a page says that was opened when it was named.
  const empty = asAdmin(app, 'POST', '/admin/hosts/lost/confirm', { reason: 'a new disk' });
  expect(problemOf(await empty)).toBe('409 host-not-listed');
  expect(await hostIn(app)).toMatchObject({ status: 'unlisted' });

  expect(await decide(app)).toMatchObject({ status: 200, body: { goneAt: expect.any(String) } });
  expect(await hostIn(app)).toMatchObject({ status: 'gone', toConfirm: null });
  expect((await hostIn(app)).reason).toMatch(/^decided by admin:.+: it burnt$/);
  expect(returnedBy(await syncWallet(app, bot.uid))).toEqual({ [bot.instanceId]: 110 });
});

it('a DELETE before the decision, with restore: undone; after it: paid, and its tombstone ends', async () => {
  const env = { ON_STOP_FAILURE: 'restore', STOP_TIMEOUT_MS: '500' };
  const app = await startTestApplication({ env });
  const bot = await botOnLost(app, 'uid-one');
  expect((await deleteBot(app, bot)).body).toMatchObject({ success: false, wallet: null });
  await decide(app);
  expect((await deleteBot(app, bot)).body).toMatchObject({
    success: true,
    wallet: { returned: 110 },
  });
  await waitFor('the tombstone to end', async () => {
    await app.services.deletionPorts.tombstones.makeDue();
    return (await standingTombstones(app))[0]?.status === 'ended';
  });
  expect((await readUser(app.db, bot.userId)).paperWallet.balance).toBe(160);
});

it('a DELETE that pays before the decision: its tombstone stands, and ends with the decision', async () => {
  const app = await startTestApplication({ env: { STOP_TIMEOUT_MS: '500' } });
  const bot = await botOnLost(app, 'uid-one');
  expect((await deleteBot(app, bot)).body).toMatchObject({
    success: true,
    wallet: { returned: 110 },
  });
  const observed = async () => {
    await app.services.deletionPorts.tombstones.makeDue();
    return (await standingTombstones(app))[0];
  };
  await waitFor(
    'the tombstone to be observed',
    async () => Number((await observed())?.attempts) > 0,
  );
  expect(await observed()).toMatchObject({ status: 'settled' });
  await decide(app);
  await waitFor('the tombstone to end', async () => (await observed())?.status === 'ended');
});

it('a mapping that names it: unknown; decided: every host is asked, and the bot is an orphan', async () => {
  const app = await startTestApplication();
  const bot = await botOnLost(app, 'uid-one');
  const { poolStates } = app.services.deletionPorts;
  const { instanceId } = bot;
  const mapping = {
    ...{ instanceId, userId: bot.uid, poolId: 'none', containerName: `freqtrade-${instanceId}` },
    ...{ host: '', dockerHost: 'lost', slotIndex: 0, port: 9000, status: 'running' },
    createdAt: new Date(0).toISOString(),
  } as const;
  await poolStates.mutate({
    change: (state) => ({ ...state, botMapping: { ...state.botMapping, [instanceId]: mapping } }),
    fence: async () => undefined,
    signal: new AbortController().signal,
    about: { bots: [instanceId] },
  });
  expect(skippedOf(await syncWallet(app, bot.uid))).toEqual({ [instanceId]: 'unknown' });
  await decide(app);
  expect(returnedBy(await syncWallet(app, bot.uid))).toEqual({ [instanceId]: 110 });
});
