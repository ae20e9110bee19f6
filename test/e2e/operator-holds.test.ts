// A deletion that waits for a host that never comes back: an operator holds it and ends it. The money that it held is free
// again, and is paid back once by the next deletion (I1, I2).

import { expect, it } from 'vitest';
import { asAdmin } from '../support/admin.ts';
import { startTestApplication, type TestApplication } from '../support/application.ts';
import {
  acceptDelete,
  deleteBot,
  deleteThatCannotStop,
  injectFaults,
  jobAt,
  jobIn,
  ownEntries,
  type PlacedBot,
  placeBot,
  standingTombstones,
  userNamed,
} from '../support/deletions.ts';
import { waitFor } from '../support/wait-for.ts';

const REASON = { reason: 'the host was destroyed' };

/** A deletion that is undone when its bot's host is gone. @returns the job's id. */
async function undoneWithoutHost(app: TestApplication, bot: PlacedBot): Promise<string> {
  const id = await deleteThatCannotStop(app, bot);
  await waitFor('the state to go back to', async () => {
    const { body } = await asAdmin(app, 'GET', `/admin/sagas/${id}`);
    return body.captures['stop-container'] !== undefined;
  });
  await injectFaults(app, bot, { unreachable: true });
  expect((await app.call(bot.uid, 'POST', `/jobs/${id}/cancel`)).status).toBe(202);
  const { step } = await jobIn(app, bot.uid, id, 'compensating');
  if (step !== 'stop-container') await jobAt(app, bot.uid, id, 'stop-container');
  return id;
}

it.each(['dedicated', 'pooled'] as const)(
  'a %s bot whose deletion is undone when its host is gone: held and resolved, unlocked, and paid once by a new DELETE',
  async (kind) => {
    const app = await startTestApplication({ env: { STOP_TIMEOUT_MS: '20000' } });
    const bot = await placeBot(app, kind);
    const id = await undoneWithoutHost(app, bot);
    const path = `/admin/sagas/${id}`;
    expect((await asAdmin(app, 'POST', `${path}/retry`, REASON)).status).toBe(200);
    const resolve = { ...REASON, outcome: 'compensated', evidence: 'ticket 17' };
    expect((await asAdmin(app, 'POST', `${path}/resolve`, resolve)).status).toBe(409);
    expect(await acceptDelete(app, bot)).toBe(id);

    const held = await asAdmin(app, 'POST', `${path}/hold`, REASON);
    expect([held.status, held.body.state, held.body.error.code]).toEqual([200, 'stuck', 'HELD']);
    const { body: plan } = await asAdmin(app, 'GET', `${path}/plan`);
    expect(plan.moneyAtRiskMinor).toBe(11_000);
    const planned = plan.verbs.find(({ verb }: { verb: string }) => verb === 'resolve');
    expect(planned.does).toEqual([
      'releases the lock on the allocation: it can be deleted again, and nothing is paid by this',
      'releases the tombstone with the slot it keeps; where a payment has landed meanwhile, to the janitor',
      'leaves the bot and its entry in the pool state as they are now',
      'where the account is gone: writes off what was locked, and the janitor removes the bot',
      'ends as vouched',
    ]);
    expect((await asAdmin(app, 'POST', `${path}/resolve`, resolve)).body.state).toBe('compensated');
    const user = await userNamed(app, bot.uid);
    expect(user.botAllocations[bot.instanceId]).not.toHaveProperty('lockedBy');
    expect(user.paperWallet.balance).toBe(50);
    expect(await standingTombstones(app)).toEqual([]);

    await injectFaults(app, bot, null);
    const again = await deleteBot(app, bot);
    expect(again.body).toMatchObject({ success: true, wallet: { returned: 110, newBalance: 160 } });
    expect(again.body.jobId).not.toBe(id);
    expect(await ownEntries(app)).toHaveLength(1);
  },
);

it('the host stays away: the new DELETE is paid by the policy, once', async () => {
  const app = await startTestApplication({ env: { STOP_TIMEOUT_MS: '5000' } });
  const bot = await placeBot(app, 'dedicated');
  const id = await undoneWithoutHost(app, bot);
  expect((await asAdmin(app, 'POST', `/admin/sagas/${id}/hold`, REASON)).status).toBe(200);
  const resolve = { ...REASON, outcome: 'compensated', evidence: 'ticket 17' };
  await asAdmin(app, 'POST', `/admin/sagas/${id}/resolve`, resolve);
  const again = await deleteBot(app, bot);
  expect(again.body).toMatchObject({ success: true, wallet: { returned: 110, newBalance: 160 } });
  expect(again.body.warnings).not.toEqual([]);
  expect((await userNamed(app, bot.uid)).botAllocations).toEqual({});
  expect(await ownEntries(app)).toHaveLength(1);
});
