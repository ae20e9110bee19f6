// What a synchronisation would do right now, and why: the same two looks without the wait between them, the amounts
// computed by the database, and nothing written.

import type { BotsCall } from '../bots/bots.ts';
import { lookFirst, type UserToSync } from './first-look.ts';
import { summarize } from './record-run.ts';
import { lookAgain } from './second-look.ts';
import type { DriftNote, RunNotes, SyncResult } from './sync-notes.ts';
import type { SyncPorts } from './sync-ports.ts';

export interface SyncRehearsal {
  readonly result: SyncResult;
  /** Bot by bot: what was seen, and what would happen. */
  readonly drifts: readonly DriftNote[];
}

export async function rehearseSync(
  ports: Omit<SyncPorts, 'suspects' | 'samples' | 'hostRecords' | 'meter'>,
  user: UserToSync,
  { nowMs, ...call }: BotsCall & { readonly nowMs: number },
): Promise<SyncRehearsal> {
  const { notes } = await lookFirst(ports, user, nowMs, { ...call, probes: true });
  const again = await lookAgain(ports, user, notes, { ...call, nowMs });
  const { drifts } = again;
  const looked: RunNotes = { ...notes, ...again };
  const orphans = drifts.filter(isConfirmedOrphan).map(({ instanceId }) => instanceId);
  const preview = await ports.wallets.preview(user.userId, orphans);
  const cleaned = preview.bots.map(({ instanceId: botId, botName, amount: returned, pnl }) => {
    return { botId, botName, returned, pnl };
  });
  const money = { returnedMinor: preview.totalMinor, newWalletBalance: preview.newBalance };
  return { result: summarize(looked, cleaned, money), drifts };
}

function isConfirmedOrphan({ verdict, outcome }: DriftNote): boolean {
  return verdict === 'orphan' && outcome === 'confirmed';
}
