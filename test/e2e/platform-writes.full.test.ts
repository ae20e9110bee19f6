// The platform goes on writing the same documents and the same file while bots are deleted, without a lock
// and sometimes from a stale copy. I2: paid once, whatever it overwrites; what it brings back is reported.

import type { Document } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { startTestApplication, type TestApplication } from '../support/application.ts';
import {
  allOf,
  deleteBot,
  deleteThatCannotStop,
  findingsOf,
  injectFaults,
  jobIn,
  makeEndedDue,
  ownEntries,
  type PlacedBot,
  placeBot,
  readPoolState,
  userNamed,
} from '../support/deletions.ts';
import { byId, platformSets, users } from '../support/users.ts';
import { waitFor } from '../support/wait-for.ts';

/** Deletes a bot that does not stop until `meanwhile` has run, so that what it does falls between the lock
 * and the refund. @returns the completed job. */
async function deleteWhile(
  app: TestApplication,
  bot: PlacedBot,
  meanwhile: (jobId: string) => Promise<unknown>,
) {
  const jobId = await deleteThatCannotStop(app, bot);
  await meanwhile(jobId);
  await injectFaults(app, bot, null);
  return jobIn(app, bot.uid, jobId, 'completed');
}

/** As mongoose saves a document that was read before: every field of it, nothing else is kept. */
async function saveWhole(app: TestApplication, copy: Document): Promise<void> {
  await users(app.db).replaceOne({ _id: copy._id }, copy, {
    bypassDocumentValidation: true,
  });
}

describe('a wallet that the platform keeps writing', () => {
  it('currentValue changes every 10 ms: the value of the settlement is paid, once', async () => {
    const app = await startTestApplication();
    const bot = await placeBot(app, 'pooled');
    const path = `botAllocations.${bot.instanceId}.currentValue`;
    let isOver = false;
    const written: number[] = [];
    const platform = (async () => {
      for (let value = 110; !isOver; value += 0.01) {
        const rounded = Math.round(value * 100) / 100;
        written.push(rounded);
        await users(app.db).updateOne(
          { ...byId(bot.userId), [path]: { $exists: true } },
          { $set: { [path]: rounded } },
        );
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    })();
    const job = await deleteWhile(app, bot, () =>
      waitFor('twenty updates', () => written.length > 20),
    );
    isOver = true;
    await platform;

    const { returned, newBalance } = job.result.wallet;
    expect(written).toContain(returned);
    expect(returned).toBeGreaterThan(110.1);
    const user = await userNamed(app, bot.uid);
    expect(user.paperWallet.balance).toBe(newBalance);
    expect(newBalance).toBe(Math.round((50 + returned) * 100) / 100);
    expect(user.botAllocations).toEqual({});
    expect(await ownEntries(app)).toHaveLength(1);
  });

  it('a stale copy read under the lock and saved after the refund: reported by the next observation, not paid', async () => {
    const app = await startTestApplication();
    const bot = await placeBot(app, 'dedicated');
    let stale: Document = {};
    const job = await deleteWhile(app, bot, async () => {
      stale = await userNamed(app, bot.uid);
    });
    expect(stale.botAllocations[bot.instanceId].lockedBy).toMatchObject({ sagaId: job.jobId });
    await saveWhole(app, stale);

    // Nobody asks: the tombstone's look after the end sees it by itself.
    await makeEndedDue(app);
    await waitFor('the finding', async () => (await findingsOf(app, 'resurrected')).length === 1);
    expect((await deleteBot(app, bot)).body.jobId).toBe(job.jobId);
    expect((await userNamed(app, bot.uid)).paperWallet.balance).toBe(50);
    expect(await ownEntries(app)).toHaveLength(1);
  });

  it('a strict schema drops the lock before the refund: locked again, paid once', async () => {
    const app = await startTestApplication();
    const bot = await placeBot(app, 'pooled');
    const path = `botAllocations.${bot.instanceId}.lockedBy`;
    const job = await deleteWhile(app, bot, async () => {
      const dropped = await users(app.db).updateOne(
        { ...byId(bot.userId), [path]: { $exists: true } },
        { $unset: { [path]: 1 } },
      );
      expect(dropped.modifiedCount).toBe(1);
    });
    expect(job.result.wallet).toMatchObject({ returned: 110, newBalance: 160 });
    expect(await ownEntries(app)).toHaveLength(1);
  });

  it('currentValue overwritten with nonsense after the lock: the locked value is paid, with a warning', async () => {
    const app = await startTestApplication();
    const bot = await placeBot(app, 'pooled');
    const path = `botAllocations.${bot.instanceId}.currentValue`;
    const job = await deleteWhile(app, bot, () =>
      platformSets(app.db, bot.userId, { [path]: 'NaN' }),
    );
    expect(job.result.wallet).toMatchObject({ returned: 110, newBalance: 160 });
    expect(job.warnings).toMatchObject([{ code: 'value-overwritten' }]);
  });

  it('the user is deleted in mid-saga: the bot goes, the loss is written off and named', async () => {
    const app = await startTestApplication();
    const bot = await placeBot(app, 'pooled');
    await deleteThatCannotStop(app, bot);
    await users(app.db).deleteOne(byId(bot.userId));
    await injectFaults(app, bot, null);

    const saga = await waitFor('the end of the saga', async () => {
      const [record] = await allOf(app, 'sagas');
      return record?.open === false && record;
    });
    expect(saga.state.phase).toBe('completed');
    expect(saga.result).toEqual({ wallet: null });
    expect(saga.state.warnings).toMatchObject([{ code: 'account-gone' }]);
    expect((await app.world.snapshot()).pooled).toEqual([]);
    expect(Object.keys((await readPoolState(app)).botMapping)).not.toContain(bot.instanceId);
    const [entry, ...more] = await ownEntries(app);
    expect(more).toEqual([]);
    expect(entry).toMatchObject({ type: 'write-off', botId: bot.instanceId });
    expect(Number(String(entry?.exactValue))).toBe(110);
  });
});
