// The page and the synchronisation observe a bot by the same code (I4): what the page calls an orphan is paid by the run
// that follows, and what a run leaves alone is called by its reason.

import { describe, expect, it } from 'vitest';
import { toSagaId } from '../../packages/saga/src/saga-id.ts';
import { toInstanceId } from '../../src/domain/ids.ts';
import { startTestApplication, type TestApplication } from '../support/application.ts';
import { type PlacedBot, placeBot, readPoolState, writePoolState } from '../support/deletions.ts';
import { orphanOf, returnedBy, skippedOf, syncWallet } from '../support/syncs.ts';
import { allocation, platformSets, putUser, SAGA_B } from '../support/users.ts';

const UID = 'uid-one';
const BOT = `${UID}-bot-2`;

async function shown(app: TestApplication) {
  const { body } = await app.call(UID, 'GET', '/bots');
  return body.bots.map((bot: { instanceId: string; verdict: string }) => [
    bot.instanceId,
    bot.verdict,
  ]);
}

/** An orphan by its wallet, with an entry in the pool state that was changed. */
async function entryOf(
  app: TestApplication,
  { containerName = `freqtrade-pool-${UID}-pool-1`, owner = UID, status = 'running' },
): Promise<PlacedBot> {
  const bot = await placeBot(app, 'pooled');
  await app.db.collection('simulatedBots').deleteMany({ instanceId: BOT });
  const { pools, botMapping, ...rest } = await readPoolState(app);
  const mapping = botMapping[BOT];
  const poolId = containerName.replace('freqtrade-pool-', '');
  const pool = pools[`${UID}-pool-1`];
  if (mapping === undefined || pool === undefined) throw new Error('no such sample');
  const createdAt = new Date().toISOString();
  await writePoolState(app, {
    ...rest,
    pools: { [poolId]: { ...pool, id: poolId, userId: owner, containerName, bots: [BOT] } },
    botMapping: { [BOT]: { ...mapping, poolId, containerName, userId: owner, status, createdAt } },
  });
  return bot;
}

describe('what a run leaves alone', () => {
  it('a bot that only its name speaks for, of a user with another name: live on both', async () => {
    const app = await startTestApplication();
    const id = 'old-1';
    const bots = { [id]: allocation(100, 110) };
    await putUser(app.db, { balance: 50, bots, firebaseUid: UID });
    await app.world.addDedicated({ instanceId: toInstanceId(id), labels: {} });
    expect(await shown(app)).toEqual([[id, 'live']]);
    const { body } = await syncWallet(app, UID);
    expect(body.data).toMatchObject({ validAllocations: [id], cleanedBots: [] });
  });

  it('the owner of what stands there is in dispute: unknown on both', async () => {
    const app = await startTestApplication();
    const containerName = 'freqtrade-pool-uid-two-pool-1';
    await entryOf(app, { containerName, owner: 'uid-two' });
    await app.world.addPooled({ instanceId: BOT, containerName, program: 'RUNNING' });
    expect(await shown(app)).toEqual([[BOT, 'unknown']]);
    expect(skippedOf(await syncWallet(app, UID))).toEqual({ [BOT]: 'unknown' });
  });

  it('its entry names a container that is not the platform’s: unknown on both', async () => {
    const app = await startTestApplication();
    await entryOf(app, { containerName: 'company-postgres' });
    expect(await shown(app)).toEqual([[BOT, 'unknown']]);
    expect(skippedOf(await syncWallet(app, UID))).toEqual({ [BOT]: 'unknown' });
  });

  it('its mapping is pending: it is being started', async () => {
    const app = await startTestApplication();
    await entryOf(app, { status: 'pending' });
    expect(await shown(app)).toEqual([[BOT, 'pending']]);
    expect(skippedOf(await syncWallet(app, UID))).toEqual({ [BOT]: 'pending' });
  });
});

describe('what a run pays', () => {
  it('an orphan with the lock of a saga that has ended: an orphan on both', async () => {
    const app = await startTestApplication();
    const { userId } = await orphanOf(app, UID);
    await platformSets(app.db, userId, {
      [`botAllocations.${BOT}.lockedBy`]: { sagaId: toSagaId(SAGA_B), epoch: 1, value: 110 },
    });
    expect(await shown(app)).toEqual([[BOT, 'orphan']]);
    expect(returnedBy(await syncWallet(app, UID))).toEqual({ [BOT]: 110 });
  });
});
