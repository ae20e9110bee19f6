// The audit (I11): for every user this program has ever written on, balance = opening + sum(ledger), to the
// last decimal. It reads, remembers how far it came, and reports; it never repairs anything. Deposits and
// settlements continue meanwhile: a pass reads one moment of one document, and a difference is only a finding
// when it has outlived the writes that may have been under way.

import { InterruptedError, pause, UnavailableError } from '@reclaim/saga';
import type { UserId } from '../../domain/ids.ts';
import { mapBounded } from '../../domain/map-bounded.ts';
import { type AuditOnceDependencies, auditOnce, type UserAudit } from './audit-once.ts';
import type { AuditReport, WriteOffs } from './audit-report.ts';
import type { OursCursor } from './wallet-readings.ts';

export type UserAuditReport = UserAudit & { readonly writeOffs: WriteOffs };

export interface AuditDependencies extends AuditOnceDependencies {
  /** Called in a run over all, for users whose books are in order. */
  readonly trim: (audited: UserAudit, signal: AbortSignal) => Promise<void>;
  /** One user's audit failed in a run over all; the others continue. */
  readonly onError: (error: unknown, userId: UserId) => void;
  /** Of this process, ms; for how long a run took. */
  readonly nowMs: () => number;
}

const PAGE = 200;
/** Small reads, for most users: more at once would only crowd out the sagas. */
const AT_ONCE = 4;
/** Of one user, while the wallet keeps changing. */
const MAX_PASSES = 4;
/** Users with a difference that the run checks again; what is beyond waits for the next run. */
const MAX_SUSPECTS = 1_000;
const LISTED_WRITE_OFFS = 20;

export type Audit = ReturnType<typeof createAudit>;

export function createAudit(deps: AuditDependencies) {
  return {
    /** Makes further passes, a few seconds apart, while a difference may be a write under way.
     * @throws InterruptedError when the signal aborts; UnavailableError. */
    async auditUser(
      userId: UserId,
      { signal }: { readonly signal: AbortSignal },
    ): Promise<UserAuditReport> {
      const audit = await auditUntilSure(deps, userId, signal);
      const writeOffs = await deps.ledger.writeOffs({ userId, limit: LISTED_WRITE_OFFS });
      return { ...audit, writeOffs };
    },

    /** The same without the list of write-offs: for an audit whose report is not read. */
    checkUser: (userId: UserId, { signal }: { readonly signal: AbortSignal }): Promise<UserAudit> =>
      auditUntilSure(deps, userId, signal),

    /** All users that this program has written on. Aborted, it reports how far it came. */
    async auditAll({ signal }: { readonly signal: AbortSignal }): Promise<AuditReport> {
      const startedMs = deps.nowMs();
      const tally = createTally();
      const suspects = await auditAllUsers(deps, tally, signal);
      await confirmBots(deps, tally, suspects, signal);
      const writeOffs = await deps.ledger.writeOffs({ userId: null, limit: LISTED_WRITE_OFFS });
      const tookMs = Math.round(deps.nowMs() - startedMs);
      return { ...tally.totals(), isComplete: !signal.aborted, writeOffs, tookMs };
    },
  };
}

async function auditUntilSure(
  deps: AuditDependencies,
  userId: UserId,
  signal: AbortSignal,
): Promise<UserAudit> {
  let ingested = 0;
  for (let passes = 1; ; passes += 1) {
    const audit = await auditOnce(deps, userId, signal);
    ingested += audit.ingested;
    if (audit.status !== 'pending' || passes === MAX_PASSES) return { ...audit, ingested };
    await pause(deps.rules.stillForMs, signal);
  }
}

/** @returns the users to check again. */
async function auditAllUsers(
  deps: AuditDependencies,
  tally: Tally,
  signal: AbortSignal,
): Promise<readonly UserId[]> {
  const suspects: UserId[] = [];
  for await (const userIds of pagesOf(deps, signal)) {
    await mapBounded(userIds, AT_ONCE, async (userId) => {
      const audit = await auditOrReport(deps, tally, userId, signal);
      if (audit === null) return;
      if (audit.status !== 'pending') tally.add(audit);
      else if (suspects.length < MAX_SUSPECTS) suspects.push(userId);
      else tally.add(audit);
      if (audit.status === 'conserved') await deps.trim(audit, signal);
    });
  }
  return suspects;
}

/** By what our first write leaves in a user, and then by what an audit remembers: a save of the whole document from before
 * that write takes the former away, and what it took back with it must be found all the same. */
async function* pagesOf(
  { readings, checkpoints }: AuditDependencies,
  signal: AbortSignal,
): AsyncGenerator<readonly UserId[]> {
  let after: OursCursor | null = null;
  do {
    const page = await readings.ours({ after, limit: PAGE });
    yield page.userIds;
    after = page.next;
  } while (after !== null && !signal.aborted);
  let last: UserId | undefined;
  do {
    const audited = await checkpoints.audited({ after: last ?? null, limit: PAGE });
    if (audited.length > 0) yield await readings.unopenedAmong(audited);
    last = audited.length < PAGE ? undefined : audited.at(-1);
  } while (last !== undefined && !signal.aborted);
}

async function confirmBots(
  deps: AuditDependencies,
  tally: Tally,
  suspects: readonly UserId[],
  signal: AbortSignal,
): Promise<void> {
  if (suspects.length === 0) return;
  await pause(deps.rules.stillForMs, signal);
  await mapBounded(suspects, AT_ONCE, async (userId) => {
    const audit = await auditOrReport(deps, tally, userId, signal);
    if (audit !== null) tally.add(audit);
  });
}

/** @returns null when it failed, or when the run was stopped. */
async function auditOrReport(
  deps: AuditDependencies,
  tally: Tally,
  userId: UserId,
  signal: AbortSignal,
): Promise<UserAudit | null> {
  try {
    return await auditOnce(deps, userId, signal);
  } catch (error) {
    if (error instanceof InterruptedError) return null;
    // No other user can be audited either: the run ends, and reports it.
    if (error instanceof UnavailableError) throw error;
    tally.fail();
    deps.onError(error, userId);
    return null;
  }
}

/** More are in the findings. */
const LISTED_DIFFERENCES = 20;

type Tally = ReturnType<typeof createTally>;

/** The result of a run over all users, in bounded memory. */
function createTally() {
  const count = { users: 0, entries: 0, ingested: 0, differences: 0 };
  const other = { pending: 0, notMoney: 0, failed: 0 };
  const firstDifferences: AuditReport['firstDifferences'] = [];
  return {
    add(audit: UserAudit) {
      count.users += 1;
      count.ingested += audit.ingested;
      if (audit.status === 'not-money') other.notMoney += 1;
      if (audit.status === 'pending') other.pending += 1;
      if ('chain' in audit) count.entries += audit.chain.entries;
      if (audit.status !== 'different') return;
      count.differences += 1;
      if (firstDifferences.length < LISTED_DIFFERENCES) {
        firstDifferences.push({ userId: audit.userId, ...audit.chain });
      }
    },
    fail: () => {
      other.failed += 1;
    },
    totals: () => ({ ...count, ...other, firstDifferences: [...firstDifferences] }),
  };
}
