// A call to synchronise one user: which run answers it. Two calls at once get one run; a call that comes while a run is
// observing gets the next one, because what was observed before the request is no answer to it. A page that opens asks
// for nothing: it gets the run that was begun within the last minute, ended or not.

import { isAtRest, isWithin, type SagaRecord, type Sagas } from '@reclaim/saga';
import type { BotsCall } from '../bots/bots.ts';
import type { BotOwner } from '../pool-state/ownership.ts';
import { confirmBots } from './confirm-bots.ts';
import { observeFirst } from './first-observation.ts';
import { summarize } from './record-run.ts';
import type { SyncPorts } from './sync-ports.ts';
import type { DriftNote, RunReport, SyncResult } from './sync-reports.ts';
import { SYNC_RUN, SYNC_WALLET, type SyncTrigger, syncOrder } from './sync-wallet-input.ts';

export interface SyncRequest extends BotOwner {
  readonly trigger: Exclude<SyncTrigger, 'confirming'>;
  /** Who asked, for the audit trail. */
  readonly requestedBy: string;
}

export interface SyncRequestsOptions {
  readonly ports: SyncPorts;
  readonly sagas: Pick<Sagas, 'start' | 'list'>;
  readonly nowMs: () => number;
}

/** Whatever became of the one before. */
const PASSIVE_AT_MOST_EVERY_MS = 60_000;

/** Newest runs of a user worth reading: one of the kind that was requested is among them. */
const NEWEST = 20;

export type SyncRequests = ReturnType<typeof createSyncRequests>;

export function createSyncRequests({ ports, sagas, nowMs }: SyncRequestsOptions) {
  // A page that is loaded again and again gives no reason to observe again and again.
  const isRecent = ({ createdAt }: SagaRecord) =>
    isWithin(nowMs() - Date.parse(createdAt), PASSIVE_AT_MOST_EVERY_MS);
  return {
    /** @throws UnavailableError when the run could not be made durable: nothing was promised. */
    request: async ({
      userId,
      firebaseUid,
      trigger,
      requestedBy,
    }: SyncRequest): Promise<SagaRecord> => {
      const { sagas: runs } = await sagas.list({
        subject: userId,
        kind: SYNC_WALLET,
        limit: NEWEST,
      });
      const newest = runs.find((run) => SYNC_RUN.peek(run.input)?.trigger === trigger);
      const isEnough = (run: SagaRecord) =>
        !hasObserved(run, runs) || (trigger === 'passive' && isRecent(run));
      if (newest !== undefined && isEnough(newest)) return newest;
      const after = newest?.id ?? null;
      const input = { userId, firebaseUid, trigger, after, notBeforeMs: null };
      return (await sagas.start(syncOrder(input, requestedBy))).saga;
    },
    /** What a run would do; writes nothing. @throws UnavailableError. */
    rehearse: (user: BotOwner, signal: AbortSignal): Promise<SyncResult> =>
      rehearseSync(ports, user, { nowMs: nowMs(), signal }),
  };
}

// Queued; behind a run that has not ended, for whose end it waits; or between two attempts at its first observation.
// The log says each of them before the observation begins, so a request that reads it was made before the observation.
function hasObserved({ state, input }: SagaRecord, runs: readonly SagaRecord[]): boolean {
  const { phase, cursor, steps } = state;
  if (phase === 'queued') return false;
  if (phase !== 'running' || cursor > 0) return true;
  const after = SYNC_RUN.peek(input)?.after;
  const before = runs.find(({ id }) => id === after);
  const isBehind = before !== undefined && !isAtRest(before.state.phase);
  return !isBehind && steps[0]?.status !== 'waiting';
}

/** What a synchronisation would do right now, and why: the same two observations without the wait between them, the
 * amounts computed by the database, and nothing written. */
async function rehearseSync(
  ports: Omit<SyncPorts, 'suspects' | 'samples' | 'hostRecords' | 'meter'>,
  user: BotOwner,
  { nowMs, ...call }: BotsCall & { readonly nowMs: number },
): Promise<SyncResult> {
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
  return summarize(confirmed, cleaned, money);
}

function isConfirmedOrphan({ verdict, outcome }: DriftNote): boolean {
  return verdict === 'orphan' && outcome === 'confirmed';
}
