// What an operator does with a stuck saga over HTTP alone: finds it, reads why, plans, and steers it; and what is
// refused. A verb is one conditional write with a name and a reason (I6, I9).

import { describe, expect, it } from 'vitest';
import { asAdmin } from '../support/admin.ts';
import { readMetrics, startTestApplication, type TestApplication } from '../support/application.ts';
import {
  deleteBot,
  deleteThatCannotStop,
  injectFaults,
  jobIn,
  outsideState,
  type PlacedBot,
  placeBot,
  standingTombstones,
  stuckDelete,
  userNamed,
} from '../support/deletions.ts';
import { users } from '../support/users.ts';
import { waitFor } from '../support/wait-for.ts';

const REASON = { reason: 'the host was mended' };

/** A deletion that is stuck before the pivot, because its bot does not stop. */
async function stuckDeletion(
  app: TestApplication,
  uid = 'uid-one',
): Promise<{ bot: PlacedBot; id: string }> {
  const bot = await placeBot(app, 'dedicated', { uid });
  const id = await stuckDelete(app, bot);
  return { bot, id };
}

function start(stopTimeoutMs = '1000'): Promise<TestApplication> {
  const env = { ON_STOP_FAILURE: 'hold', STOP_TIMEOUT_MS: stopTimeoutMs };
  return startTestApplication({ env });
}

const verb = (app: TestApplication, id: string, name: string, body: object = REASON, by = 'ann') =>
  asAdmin(app, 'POST', `/admin/sagas/${id}/${name}`, body, by);

describe('a saga that is stuck before its pivot', () => {
  it('found, explained and planned: state, cause, money at risk, age, and what each verb would do', async () => {
    const app = await start();
    const { bot, id } = await stuckDeletion(app);
    const list = await asAdmin(app, 'GET', '/admin/sagas?state=stuck');
    expect(list.body.sagas).toMatchObject([
      {
        jobId: id,
        kind: 'delete-bot',
        state: 'stuck',
        step: 'stop-container',
        error: { step: 'stop-container', code: 'STOP_FAILED', class: 'hold' },
        subject: bot.userId,
        key: `bot/${bot.userId}/${bot.instanceId}`,
        moneyAtRiskMinor: 11_000,
        requestedBy: 'user:uid-one',
      },
    ]);
    expect(list.body.sagas[0].ageSeconds).toBeGreaterThanOrEqual(0);
    const detail = await asAdmin(app, 'GET', `/admin/sagas/${id}`);
    expect(detail.body.captures['lock-allocation']).toMatchObject({ value: 110 });
    expect(detail.body.history.map(({ type }: { type: string }) => type)).toContain('claimed');

    const { body } = await asAdmin(app, 'GET', `/admin/sagas/${id}/plan`);
    const verbs = Object.fromEntries(
      body.verbs.map((planned: { verb: string }) => [planned.verb, planned]),
    );
    expect(verbs.retry).toMatchObject({ allowed: true });
    expect(verbs.retry.does).toEqual([
      'observe stop-container',
      'run update-pool-state',
      'run refund-wallet',
      'run write-transaction',
      'run remove-container',
      'ends completed',
    ]);
    expect(verbs.compensate.does).toEqual([
      'compensate update-pool-state',
      'compensate stop-container',
      'compensate lock-allocation',
      'ends compensated',
    ]);
    expect(verbs.skip).toMatchObject({ allowed: false });
    expect(verbs.resolve).toMatchObject({ allowed: true });
    expect(body.observations).toContainEqual({
      step: 'stop-container',
      outcome: 'absent',
      reason: null,
    });
    expect(body.moneyAtRiskMinor).toBe(11_000);
    const metrics = await readMetrics(app);
    expect(metrics).toContain('sagas_open{saga="delete-bot",phase="stuck"} 1');
    expect(metrics).toContain('stuck_money_at_risk_dollars{saga="delete-bot"} 110');
  });

  it('retried when its bot behaves: it completes, and the audit trail names who and why', async () => {
    const app = await start();
    const { bot, id } = await stuckDeletion(app);
    await injectFaults(app, bot, null);
    expect((await verb(app, id, 'retry')).status).toBe(200);
    await jobIn(app, bot.uid, id, 'completed');
    const { body } = await asAdmin(app, 'GET', `/admin/sagas/${id}`);
    const ordered = body.history.find(({ type }: { type: string }) => type === 'retry-ordered');
    expect(ordered.detail).toBe('by admin:ann: the host was mended');
    expect(body.moneyAtRiskMinor).toBeNull();
  });

  it('taken back: everything outside is as before, and the bot can be deleted anew', async () => {
    const app = await start();
    const bot = await placeBot(app, 'dedicated');
    const before = await outsideState(app);
    const id = await stuckDelete(app, bot);
    await injectFaults(app, bot, null);
    expect((await verb(app, id, 'compensate')).status).toBe(200);
    await jobIn(app, bot.uid, id, 'compensated');
    expect(await outsideState(app)).toEqual(before);
    expect((await deleteBot(app, bot)).body).toMatchObject({ success: true });
  });

  it("resolved on an operator's word: ended, lock and key given back, tombstone withdrawn", async () => {
    const app = await start();
    const { bot, id } = await stuckDeletion(app);
    const body = { ...REASON, outcome: 'compensated', evidence: 'ticket 17' };
    expect((await verb(app, id, 'resolve', body)).body).toMatchObject({ state: 'compensated' });
    const user = await userNamed(app, bot.uid);
    expect(user.botAllocations[bot.instanceId]).not.toHaveProperty('lockedBy');
    expect(await standingTombstones(app)).toEqual([]);
    await injectFaults(app, bot, null);
    const again = await deleteBot(app, bot);
    expect(again.body).toMatchObject({ success: true, wallet: { returned: 110 } });
    expect(again.body.jobId).not.toBe(id);
  });

  it('two operators at once: one decides, the other is told; nothing happens twice', async () => {
    const app = await start();
    const ids = [];
    for (const n of [1, 2, 3, 4, 5]) ids.push(await stuckDeletion(app, `uid-race${n}`));
    for (const { id } of ids) {
      const resolve = { ...REASON, outcome: 'compensated', evidence: 'seen by hand' };
      const replies = await Promise.all([
        verb(app, id, 'compensate', REASON, 'ann'),
        verb(app, id, 'resolve', resolve, 'bob'),
      ]);
      expect(replies.map(({ status }) => status).toSorted()).toEqual([200, 409]);
      await waitFor('the end', async () => {
        const { body } = await asAdmin(app, 'GET', `/admin/sagas/${id}`);
        return body.state === 'compensated' || body.state === 'stuck';
      });
    }
  });
});

describe('what is refused', () => {
  it('after the pivot: no way back, whoever orders it; forward only', async () => {
    const app = await start('10000');
    const bot = await placeBot(app, 'dedicated');
    const id = await deleteThatCannotStop(app, bot);
    await users(app.db).updateOne(
      { firebaseUid: bot.uid },
      { $set: { 'paperWallet.balance': 'fifty' } },
      { bypassDocumentValidation: true },
    );
    await injectFaults(app, bot, null);
    await jobIn(app, bot.uid, id, 'stuck');
    const plan = await asAdmin(app, 'GET', `/admin/sagas/${id}/plan`);
    const { error } = (await asAdmin(app, 'GET', `/admin/sagas/${id}`)).body;
    expect(error.step).toBe('refund-wallet');
    const back = await verb(app, id, 'compensate');
    expect(back.status).toBe(409);
    expect(back.body.type).toBe('urn:reclaim:problem:verb-refused');
    expect(plan.body.verbs).toContainEqual({
      verb: 'compensate',
      allowed: false,
      reason: 'the point of no return is passed: it only goes forward',
    });
    await users(app.db).updateOne(
      { firebaseUid: bot.uid },
      { $set: { 'paperWallet.balance': 50 } },
    );
    expect((await verb(app, id, 'retry')).status).toBe(200);
    await jobIn(app, bot.uid, id, 'completed');
    expect((await userNamed(app, bot.uid)).paperWallet.balance).toBe(160);
  });

  it('no administrator, no reason, no such saga, a saga that has ended: each with its own answer', async () => {
    const app = await start();
    const { bot, id } = await stuckDeletion(app);
    for (const path of ['/admin/sagas', `/admin/sagas/${id}`, `/admin/sagas/${id}/plan`]) {
      expect((await app.call(bot.uid, 'GET', path)).status).toBe(403);
    }
    expect((await verb(app, id, 'retry', {})).status).toBe(400);
    expect((await verb(app, id, 'retry', { reason: '  ' })).status).toBe(400);
    expect((await verb(app, 'del-0000000000000000', 'retry')).status).toBe(404);
    expect((await verb(app, id, 'skip')).status).toBe(409);
    await injectFaults(app, bot, null);
    await verb(app, id, 'retry');
    await jobIn(app, bot.uid, id, 'completed');
    expect((await verb(app, id, 'retry')).status).toBe(409);
    expect((await verb(app, id, 'compensate')).status).toBe(409);
  });
});
