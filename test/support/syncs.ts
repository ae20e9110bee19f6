// What the scenarios of the synchronisation share.

import { toSagaId } from '../../packages/saga/src/saga-id.ts';
import { createMongoKnownContainers } from '../../src/bots/mongo-known-containers.ts';
import { reclaimOrder } from '../../src/deletion/reclaim-orphan.ts';
import type { ObservedBot } from '../../src/domain/bot.ts';
import { toFirebaseUid, toInstanceId } from '../../src/domain/ids.ts';
import { asAdmin } from './admin.ts';
import type { Reply, TestApplication } from './application.ts';
import type { PlacedBot } from './deletions.ts';
import { allocation, putUser, type TestBot } from './users.ts';
import { waitFor } from './wait-for.ts';

/** POST /sync-wallet that waits for the end. */
export function syncWallet(app: TestApplication, uid: string, query = ''): Promise<Reply> {
  return app.call(uid, 'POST', `/sync-wallet${query}`, { prefer: 'wait=30' });
}

/** The word of each bot that was left alone. */
export function skippedOf({ body }: Reply): Record<string, string> {
  const skipped: { botId: string; reason: string }[] = body.data.skipped;
  return Object.fromEntries(
    skipped.map(({ botId, reason }) => [botId, reason.split(':')[0] ?? '']),
  );
}

/** Why each bot was left alone, as an operator reads it in the job. */
export async function reasonsOf(app: TestApplication, jobId: string) {
  const { body } = await asAdmin(app, 'GET', `/jobs/${jobId}`);
  const skipped: { botId: string; reason: string }[] = body.result.data.skipped;
  return Object.fromEntries(skipped.map(({ botId, reason }) => [botId, reason]));
}

/** Whether a run repaired anything. */
export function returnedBy({ body }: Reply): Record<string, number> {
  const cleaned: { botId: string; returned: number }[] = body.data.cleanedBots;
  return Object.fromEntries(cleaned.map(({ botId, returned }) => [botId, returned]));
}

/** POST /sync-wallet that is answered at once. @returns the job's id. */
export async function startSync(app: TestApplication, uid: string, query = ''): Promise<string> {
  const { status, body } = await app.call(uid, 'POST', `/sync-wallet${query}`);
  if (status !== 202) throw new Error(`sync answered ${status}`);
  return body.jobId;
}

/** A user with money in a bot that is nowhere: worth 110 of the 100 it got, beside a balance of 50. */
export async function orphanOf(
  app: TestApplication,
  uid: string,
  given: TestBot = {},
): Promise<PlacedBot> {
  const instanceId = `${uid}-bot-2`;
  const bots = { [instanceId]: allocation(100, 110, given) };
  const userId = await putUser(app.db, { balance: 50, bots, firebaseUid: uid });
  return { uid, userId, instanceId };
}

/** An orphan whose container was last seen on `lost`. */
export async function botOnLost(app: TestApplication, uid: string): Promise<PlacedBot> {
  const bot = await orphanOf(app, uid);
  const { instanceId } = bot;
  const observedBot: ObservedBot = {
    ...{ kind: 'dedicated', host: 'lost', labels: {} },
    ...{ containerId: `id-${instanceId}`, containerName: `freqtrade-${instanceId}` },
    ...{ running: true, paused: false, restartPolicy: '' },
  };
  const known = createMongoKnownContainers({ db: app.db, now: () => new Date() });
  await known.note([{ instanceId, observedBot }]);
  return bot;
}

/** A reclaiming of its own, at its end: the bot is an orphan by the word of its caller. */
export async function reclaim(app: TestApplication, { uid, userId, instanceId }: PlacedBot) {
  const orphan = {
    userId,
    firebaseUid: toFirebaseUid(uid),
    instanceId: toInstanceId(instanceId),
    incarnationId: '2026-10-02T09:30:00.000Z',
  };
  const by = { parent: toSagaId('syn-aaaaaaaaaaaaaaaa'), requestedBy: 'a test' };
  const { saga } = await app.services.sagas.start(reclaimOrder(orphan, by));
  return waitFor('the reclaiming to end', async () => {
    const now = await app.services.sagas.find(saga.id);
    return now !== null && !now.open && now;
  });
}
