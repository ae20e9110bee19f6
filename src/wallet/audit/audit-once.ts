// The audit of one user, up to its first answer: history is taken in, the chain summed, and the result stored. Findings
// before rows before the checkpoint: what a crash in between leaves is done again by the next audit with the same
// result, because each of the three has a name of its own (I2).

import { InterruptedError, RetryableError } from '@reclaim/saga';
import { printExact } from '../../domain/exact-decimal.ts';
import { parseInstanceId, type UserId } from '../../domain/ids.ts';
import type { Findings } from '../../findings/findings.ts';
import { type AuditPass, type AuditPassPorts, BEFORE_ALL, runAuditPass } from './audit-pass.ts';
import type { ChainReport, PaidTwice } from './audit-report.ts';
import { chainReport } from './chain.ts';
import type { AuditCheckpoints, Checkpoint, CheckpointState } from './mongodb/audit-checkpoints.ts';
import { findPaidTwice } from './paid-twice.ts';
import { chainPostings, historyPostings } from './postings.ts';
import { judge, type SuspicionRules } from './suspicion.ts';
import { standingAmong, toCents, undoneReceipts } from './undone-receipts.ts';
import type { WalletReading } from './wallet-readings.ts';

export interface AuditPorts extends AuditPassPorts {
  readonly checkpoints: AuditCheckpoints;
  readonly findings: Pick<Findings, 'report'>;
}

export interface AuditOnceDependencies extends AuditPorts {
  readonly rules: SuspicionRules;
  /** A difference that has become a finding, once each. */
  readonly onDifference: (difference: ChainReport & { readonly userId: UserId }) => void;
}

export type UserAudit = {
  readonly userId: UserId;
  /** Rows of the platform posted to the ledger by this audit. */
  readonly ingested: number;
  /** Embedded rows. */
  readonly rows: number;
} & (
  | { readonly status: 'account-gone' | 'not-ours' }
  | { readonly status: 'not-money'; readonly found: string }
  /** `pending`: it does not add up, and may still be a write under way. */
  | {
      readonly status: 'conserved' | 'pending' | 'different';
      readonly chain: ChainReport;
      /**
       * Incarnations that were paid again since the last checkpoint: nothing is conserved then, regardless of the sum.
       */
      readonly paidTwice: PaidTwice[];
    }
);

/** A slice of history each, or an answer: a document has no room for more. */
const MAX_ROUNDS = 500;
/** Lost to other audits of the same user. */
const MAX_OVERTAKEN = 5;
/** A document of 16 MB has room for some 82,000 rows. */
const TOO_MANY_ROWS = 50_000;
/** Of our payments before the checkpoint: more than one stale copy can miss. */
const EARLIER_PAYMENTS = 50;

/** @throws RetryableError `AUDIT_CONTENDED`; InterruptedError when the signal aborts. */
export async function auditOnce(
  deps: AuditOnceDependencies,
  userId: UserId,
  signal: AbortSignal,
): Promise<UserAudit> {
  let ingested = 0;
  let overtaken = 0;
  let checkpoint = await deps.checkpoints.find(userId);
  for (let round = 0; round < MAX_ROUNDS && overtaken < MAX_OVERTAKEN; round += 1) {
    if (signal.aborted) throw new InterruptedError('the audit was stopped');
    const observed = await runAuditPass(deps, userId, checkpoint);
    const result = await conclude(deps, userId, checkpoint, observed);
    ingested += result.ingested;
    if (result.status === 'answered') return { ...result.audit, ingested };
    if (result.status === 'overtaken') overtaken += 1;
    checkpoint = result.status === 'more' ? result.checkpoint : await deps.checkpoints.find(userId);
  }
  throw new RetryableError('AUDIT_CONTENDED', `other audits of user ${userId} were faster`);
}

type Conclusion =
  | { readonly status: 'overtaken'; readonly ingested: number }
  /** The checkpoint as this audit has just stored it. */
  | { readonly status: 'more'; readonly ingested: number; readonly checkpoint: Checkpoint }
  | { readonly status: 'answered'; readonly ingested: number; readonly audit: UserAudit };

async function conclude(
  deps: AuditOnceDependencies,
  userId: UserId,
  checkpoint: Checkpoint | null,
  observed: AuditPass,
): Promise<Conclusion> {
  const revision = checkpoint?.revision ?? 0;
  switch (observed.status) {
    case 'account-gone':
      return answered({ userId, status: 'account-gone', ingested: 0, rows: 0 });
    case 'not-ours':
      return answered({ userId, status: 'not-ours', ingested: 0, rows: observed.reading.rowCount });
    case 'not-money':
      return reportNotMoney(deps, checkpoint, observed.reading);
    case 'history': {
      const from = checkpoint ?? BEFORE_ALL;
      const ingested = await deps.ledger.post(historyPostings(from, observed));
      const isMine = await deps.checkpoints.advance(userId, revision, observed.next);
      if (!isMine) return { status: 'overtaken', ingested };
      const stored = { ...observed.next, revision: revision + 1, suspicion: null };
      return { status: 'more', ingested, checkpoint: stored };
    }
    case 'chained':
      return concludeChain(deps, checkpoint, observed);
  }
}

async function concludeChain(
  deps: AuditOnceDependencies,
  checkpoint: Checkpoint | null,
  observed: AuditPass & { readonly status: 'chained' },
): Promise<Conclusion> {
  const { reading, chain, next } = observed;
  const { userId, rowCount: rows } = reading;
  const report = chainReport(checkpoint, observed);
  const audit = { userId, rows, ingested: 0, chain: report, paidTwice: [] };
  const isConserved = chain.difference === 0n;
  if (isConserved && checkpoint !== null && isSameState(checkpoint, next)) {
    return answered({ ...audit, status: 'conserved' });
  }
  if (!isConserved) {
    const isFact = await confirm(deps, checkpoint, reading, signatureOf(observed));
    if (!isFact) return answered({ ...audit, status: 'pending' });
    const undone = await findUndone(deps, checkpoint, observed);
    await reportDifference(deps, userId, checkpoint, report, undone);
  }
  const ingested = await deps.ledger.post(chainPostings(checkpoint ?? BEFORE_ALL, observed));
  // After the posting: the row of a new incarnation may be among the rows taken in just now.
  const paidTwice = await findNewlyPaidTwice(deps, observed);
  for (const twice of paidTwice) await reportPaidTwice(deps, userId, twice);
  if (rows > TOO_MANY_ROWS) await reportTooManyRows(deps, userId, rows);
  if (!(await deps.checkpoints.advance(userId, checkpoint?.revision ?? 0, next))) {
    return { status: 'overtaken', ingested };
  }
  if (!isConserved) deps.onDifference({ userId, ...report });
  const isInOrder = isConserved && paidTwice.length === 0;
  return answered({ ...audit, ingested, paidTwice, status: isInOrder ? 'conserved' : 'different' });
}

async function findNewlyPaidTwice(
  { ledger }: AuditPorts,
  { reading: { userId }, own }: AuditPass & { readonly status: 'chained' },
): Promise<PaidTwice[]> {
  const settled = own.filter(({ opId }) => opId.startsWith('settle.'));
  if (settled.length === 0) return [];
  const bots = [...new Set(settled.map(({ botId }) => botId))];
  const opIds = new Set(settled.map(({ opId }) => opId));
  const found = findPaidTwice(await ledger.ofBots(userId, bots));
  return found.filter(({ opId }) => opIds.has(opId));
}

async function reportPaidTwice(
  { findings }: AuditPorts,
  userId: UserId,
  { botId, opId, first }: PaidTwice,
): Promise<void> {
  await findings.report({
    kind: 'paid-twice',
    userId,
    instanceId: parseInstanceId(botId) ?? null,
    discriminator: opId,
    evidence: { botId, opId, first },
  });
}

function answered(audit: UserAudit): Conclusion {
  return { status: 'answered', ingested: audit.ingested, audit };
}

function isSameState(checkpoint: Checkpoint, next: CheckpointState): boolean {
  return (
    checkpoint.suspicion === null &&
    checkpoint.balance !== null &&
    checkpoint.seq === next.seq &&
    checkpoint.boundary.index === next.boundary.index &&
    checkpoint.lastRow === next.lastRow &&
    checkpoint.position === next.position
  );
}

async function confirm(
  { checkpoints, rules }: AuditOnceDependencies,
  checkpoint: Checkpoint | null,
  { userId, readAtMs }: WalletReading,
  signature: string,
): Promise<boolean> {
  const judged = judge(signature, readAtMs, checkpoint?.suspicion ?? null, rules);
  if (judged.status === 'confirmed') return true;
  await checkpoints.suspect(userId, checkpoint?.revision ?? 0, judged.suspicion);
  return false;
}

/** What changes with every write: a wallet with the same value has not changed. */
function signatureOf({ reading, chain, next }: AuditPass & { readonly status: 'chained' }): string {
  const { found, difference } = chain;
  const rows = reading.rowCount + next.boundary.trimmed;
  return [printExact(found), printExact(difference), next.seq, rows, next.lastRow].join(' ');
}

// The copy may have been read long before the last checkpoint.
async function findUndone(
  { ledger }: AuditPorts,
  checkpoint: Checkpoint | null,
  { reading, own, chain }: AuditPass & { readonly status: 'chained' },
): Promise<readonly string[]> {
  const until = checkpoint === null ? null : new Date(checkpoint.readAtMs);
  const since = new Set(own.map(({ opId }) => opId));
  const known =
    until === null ? [] : await ledger.payments(reading.userId, until, EARLIER_PAYMENTS);
  const earlier = known.filter(({ opId }) => !since.has(opId));
  const standing = standingAmong([...known, ...own], reading.rows, chain.found);
  const decided = new Set([...standing, ...chain.lost.map(({ opId }) => opId)]);
  const runs = chain.lastRuns.map(({ payments, isFromStart }) =>
    (isFromStart ? [...earlier, ...payments] : payments).filter(({ opId }) => !decided.has(opId)),
  );
  return undoneReceipts(runs, toCents(-chain.difference), chain.lost);
}

/** Named by the position of the chain: the same difference, found again from the same position, is the same one. */
async function reportDifference(
  { findings }: AuditPorts,
  userId: UserId,
  checkpoint: Checkpoint | null,
  evidence: ChainReport,
  undone: readonly string[],
): Promise<void> {
  const discriminator = `${checkpoint?.revision ?? 0}:${evidence.difference}`;
  const kind = 'unrecorded-change';
  await findings.report({
    kind,
    userId,
    instanceId: null,
    discriminator,
    // What an operator may restore: the receipts that are exactly what is missing.
    evidence: { ...evidence, ...(undone.length > 0 && { undone: [...undone] }) },
  });
}

/** The chain cannot continue from what is no number: it waits where it is. */
async function reportNotMoney(
  deps: AuditOnceDependencies,
  checkpoint: Checkpoint | null,
  reading: WalletReading,
): Promise<Conclusion> {
  const { userId, rowCount: rows, balanceFound: found } = reading;
  if (await confirm(deps, checkpoint, reading, `not money: ${found}`)) {
    await deps.findings.report({
      kind: 'unrecorded-change',
      userId,
      instanceId: null,
      discriminator: `${checkpoint?.revision ?? 0}:not-money`,
      evidence: { field: 'paperWallet.balance', found },
    });
  }
  return answered({ userId, rows, ingested: 0, status: 'not-money', found });
}

async function reportTooManyRows({ findings }: AuditPorts, userId: UserId, rows: number) {
  await findings.report({
    kind: 'too-many-rows',
    userId,
    instanceId: null,
    discriminator: 'walletTransactions',
    evidence: { rows, reportedAbove: TOO_MANY_ROWS },
  });
}
