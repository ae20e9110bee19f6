// What the scenarios of the synchronisation share.

import type { Reply, TestApplication } from './application.ts';

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

/** Whether a run repaired anything. */
export function returnedBy({ body }: Reply): Record<string, number> {
  const cleaned: { botId: string; returned: number }[] = body.data.cleanedBots;
  return Object.fromEntries(cleaned.map(({ botId, returned }) => [botId, returned]));
}
