// What a synchronisation would do right now, and why: the same two observations without the wait between them, the
// amounts computed by the database, and nothing written.

import type { BotsCall } from '../bots/bots.ts';
import { confirmBots } from './confirm-bots.ts';
import { observeFirst, type UserToSync } from './first-observation.ts';
import { summarize } from './record-run.ts';
import type { SyncPorts } from './sync-ports.ts';
import type { DriftNote, RunReport, SyncResult } from './sync-reports.ts';

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
  const { report } = await observeFirst(ports, user, nowMs, { ...call, probes: true });
  const again = await confirmBots(ports, user, report, { ...call, nowMs });
  const { drifts } = again;
  const confirmed: RunReport = { ...report, ...again };
  const orphans = drifts.filter(isConfirmedOrphan).map(({ instanceId }) => instanceId);
  const preview = await ports.wallets.preview(user.userId, orphans);
  const cleaned = preview.bots.map(({ instanceId: botId, botName, amount: returned, pnl }) => {
    return { botId, botName, returned, pnl };
  });
  const money = { returnedMinor: preview.totalMinor, newWalletBalance: preview.newBalance };
  return { result: summarize(confirmed, cleaned, money), drifts };
}

function isConfirmedOrphan({ verdict, outcome }: DriftNote): boolean {
  return verdict === 'orphan' && outcome === 'confirmed';
}
