// The end of a run of one user: what it found is remembered (suspects, findings, the hosts' contents), counted, and
// made the answer. Every write repeats harmlessly.

import { type SagaId, toSagaId } from '@reclaim/saga';
import { paidBy } from '../deletion/reclaim-orphan.ts';
import { toInstanceId } from '../domain/ids.ts';
import { isMoney } from '../domain/money.ts';
import { idConflict, notMoneyInBot, resurrected, unmappedBot } from '../findings/findings.ts';
import type { BotOwner } from '../pool-state/ownership.ts';
import { POOL_STATE } from './detect-drift.ts';
import type { Fence } from './mongodb/suspects.ts';
import { forgetSuspects } from './run-suspects.ts';
import type { SyncPorts } from './sync-ports.ts';
import {
  type CleanedBot,
  type DriftNote,
  type RunReport,
  type SkipReason,
  type SyncResult,
  skipText,
} from './sync-reports.ts';
import type { SyncTrigger } from './sync-wallet-input.ts';

export interface RunToRecord {
  readonly runId: SagaId;
  readonly user: BotOwner;
  readonly trigger: SyncTrigger;
  readonly runReport: RunReport;
  readonly fence: Fence;
}

const NONE = { count: 0, valueMinor: 0, oldestSeconds: 0 };

export async function recordRun(ports: SyncPorts, run: RunToRecord): Promise<SyncResult> {
  const { runId, user, runReport, fence } = run;
  await Promise.all([
    reportFindings(ports, run),
    forgetSuspects(ports, user, runReport, fence),
    ports.samples.write({
      ...(runReport.orphans ?? NONE),
      runId,
      userId: user.userId,
      at: new Date(runReport.observedAtMs).toISOString(),
      repaired: runReport.drifts.filter(isPaid).length,
    }),
  ]);
  const result = await resultOf(ports, run);
  count(ports, run);
  return result;
}

export interface RunMoney {
  /** Cents. */
  readonly returnedMinor: number;
  /** Dollars, as the wallet has them; null where it has none. */
  readonly newWalletBalance: number | null;
}

/** What the run comes to. @param cleaned what has been paid, or, for a rehearsal, would be. */
export function summarize(
  { drifts, runningBots, validAllocations, unreadable }: RunReport,
  cleaned: readonly CleanedBot[],
  { returnedMinor, newWalletBalance }: RunMoney,
): SyncResult {
  const named = (verdict: DriftNote['verdict'], outcome: DriftNote['outcome']) =>
    drifts
      .filter((note) => note.verdict === verdict && note.outcome === outcome)
      .map(({ instanceId }) => instanceId);
  const skipped = drifts.filter(({ outcome }) => outcome === 'skipped');
  return {
    data: {
      runningBots,
      validAllocations,
      cleanedBots: cleaned,
      totalReturned: returnedMinor / 100,
      newWalletBalance,
      skipped: [
        ...skipped.map((note) => ({ botId: note.instanceId, reason: skipText(note) })),
        ...unreadable.map((botId) => ({ botId, reason: 'not-a-bot-id' })),
      ],
    },
    returnedMinor,
    orphans: drifts.filter(({ verdict }) => verdict === 'orphan').length,
    ghosts: named('ghost', 'reported'),
    rebuiltEntries: named('lost-entry', 'repaired'),
    removedEntries: named('stale-entry', 'repaired'),
  };
}

async function resultOf(ports: SyncPorts, { user, runReport }: RunToRecord): Promise<SyncResult> {
  const paid = await Promise.all(
    runReport.drifts.filter(isPaid).map((note) => receiptOf(ports, note)),
  );
  const receipts = paid.filter((receipt) => receipt !== null);
  const cleaned = receipts.map(({ instanceId: botId, botName, amount: returned, pnl }) => {
    return { botId, botName, returned, pnl };
  });
  // Cents are whole numbers, and may be added here; dollars are only printed.
  const returnedMinor = receipts.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  const account = await ports.accounts.find({ userId: user.userId });
  const newWalletBalance = isMoney(account?.balance) ? account.balance : null;
  return summarize(runReport, cleaned, { returnedMinor, newWalletBalance });
}

async function receiptOf({ sagas }: SyncPorts, { sagaId }: DriftNote) {
  const saga = sagaId === null ? null : await sagas.find(toSagaId(sagaId));
  return saga === null ? null : paidBy(saga);
}

function isPaid({ verdict, outcome }: DriftNote): boolean {
  return verdict === 'orphan' && outcome === 'repaired';
}

async function reportFindings(
  { findings }: SyncPorts,
  { user, runReport }: RunToRecord,
): Promise<void> {
  const { userId } = user;
  const conflicts = runReport.conflicts.map(({ instanceId, where }) =>
    findings.report(
      idConflict({
        userId,
        instanceId: toInstanceId(instanceId),
        containers: where.filter((name) => name !== POOL_STATE),
        poolState: where.includes(POOL_STATE),
      }),
    ),
  );
  const returned = runReport.drifts
    .filter(({ reason }) => reason === 'settled')
    .map(({ instanceId, allocation, detail }) =>
      findings.report(
        resurrected({
          userId,
          instanceId,
          incarnationId: allocation?.incarnationId ?? null,
          settledBy: detail ?? 'unknown',
        }),
      ),
    );
  const unmapped = runReport.drifts
    .filter(({ verdict, outcome }) => verdict === 'lost-entry' && outcome === 'skipped')
    .flatMap(({ instanceId, reason, detail }) =>
      reason !== null && NOT_REBUILT.has(reason)
        ? [findings.report(unmappedBot({ userId, instanceId, reason, detail }))]
        : [],
    );
  const unpayable = runReport.drifts
    .filter(({ reason }) => reason === 'not-money')
    .map(({ instanceId, detail }) =>
      findings.report(notMoneyInBot(userId, instanceId, detail ?? 'unknown')),
    );
  await Promise.all([...conflicts, ...returned, ...unmapped, ...unpayable]);
}

/** What no later run mends by itself. */
const NOT_REBUILT: ReadonlySet<SkipReason> = new Set([
  'pool-unknown',
  'port-unknown',
  'port-taken',
  'pool-full',
]);

function count({ meter }: SyncPorts, { runReport, trigger }: RunToRecord): void {
  const { drifts } = runReport;
  meter.runEnded({ kind: 'sync-wallet', trigger, outcome: 'completed' });
  // What two observations have confirmed has a saga; a page load that finds the same orphan again counts nothing.
  meter.found(drifts.filter((note) => note.verdict === 'orphan' && note.sagaId !== null).length);
  meter.repaired(drifts.filter(isPaid).length);
  for (const { outcome, reason } of drifts) {
    if (outcome === 'skipped' && reason !== null) meter.skipped(reason);
  }
  if (drifts.some(({ first }) => first.poolState === 'unknown')) meter.unknownSource('pool-state');
  if (drifts.some(({ first }) => first.docker === 'unknown')) meter.unknownSource('docker');
}
