// What the steps of a synchronisation leave for one another, in the saga's log: the evidence of every decision, and
// what came of it.

import { type Json, stored } from '@reclaim/saga';
import { Type } from 'typebox';
import type { InstanceId } from '../domain/ids.ts';
import { toInstanceId } from '../domain/ids.ts';
import type { PresenceAnswer, Verdict } from '../domain/presence.ts';
import type { SuspectSummary } from './suspects.ts';

/** Why a bot was left alone: words that callers, metrics and tests may rely on. */
export type SkipReason =
  | 'unknown'
  | 'open-saga'
  | 'pending'
  | 'young'
  | 'changed'
  | 'settled'
  | 'not-money'
  /** Two looks found no bot, the last one before the payment did. */
  | 'seen-again'
  /** The reclaiming waits for a person. */
  | 'stuck'
  /** A passive run only marks; the confirming run decides. */
  | 'suspected'
  /** The entry cannot be rebuilt: the pool state does not know its pool, */
  | 'pool-unknown'
  /** nobody can read its port, */
  | 'port-unknown'
  /** another bot has it, */
  | 'port-taken'
  /** or others have all places of its pool. */
  | 'pool-full';

export interface SourceObservation {
  readonly poolState: PresenceAnswer;
  readonly docker: PresenceAnswer;
}

export interface AllocationNote {
  readonly incarnationId: string | null;
  readonly facts: string;
  /** Dollars, as read, for the gauges; null where it is not money. */
  readonly value: number | null;
}

/** One bot that drifted, through the run. */
export interface DriftNote {
  readonly instanceId: InstanceId;
  readonly botName: string;
  readonly verdict: Verdict;
  readonly first: SourceObservation;
  readonly second: SourceObservation | null;
  /** The facts of the allocation that must not change between the looks, and the incarnation's life as the second
   * look read it; null where there is no allocation. */
  readonly allocation: AllocationNote | null;
  /** Not to be looked at again before; database time, ms. */
  readonly dueAtMs: number;
  /** `seen`: the first look only. `confirmed`: the second agrees. `resolved`: nothing is wrong any more. */
  readonly outcome: 'observed' | 'confirmed' | 'resolved' | 'skipped' | 'reported' | 'repaired';
  readonly reason: SkipReason | null;
  /** For people: which source, which host, which saga. */
  readonly detail: string | null;
  /** The saga that pays it back. */
  readonly sagaId: string | null;
}

/** What the run has found and done so far. */
export interface RunReport {
  /** Database time, ms: the first look. */
  readonly observedAtMs: number;
  /** The user's bots that Docker shows running, with money or without. */
  readonly runningBots: readonly string[];
  /** The allocations whose bot is there, in any state. */
  readonly validAllocations: readonly string[];
  readonly drifts: readonly DriftNote[];
  /** Containers and entries of this user's ids in somebody else's name. */
  readonly conflicts: readonly { readonly instanceId: string; readonly where: readonly string[] }[];
  /** Keys in the wallet that are no ids of bots: nothing can be asked about them. */
  readonly unreadable: readonly string[];
  /** The user's orphans as the first look found them; null in a rehearsal, which remembers nothing. */
  readonly orphans: SuspectSummary | null;
}

export interface CleanedBot {
  readonly botId: string;
  readonly botName: string;
  /** Dollars, rounded to cents where they were paid. */
  readonly returned: number;
  readonly pnl: number;
}

/** The answer of the API, and what the job shows beside it. */
export interface SyncResult {
  readonly data: {
    /** Ids, as the platform's clients read them: they take the length themselves. */
    readonly runningBots: readonly string[];
    readonly validAllocations: readonly string[];
    readonly cleanedBots: readonly CleanedBot[];
    readonly totalReturned: number;
    readonly newWalletBalance: number | null;
    readonly skipped: readonly { readonly botId: string; readonly reason: string }[];
  };
  /** Cents that were paid back. */
  readonly returnedMinor: number;
  /** Allocations whose bot was found nowhere at the first look. */
  readonly orphans: number;
  readonly ghosts: readonly string[];
  readonly rebuiltEntries: readonly string[];
  readonly removedEntries: readonly string[];
}

const OBSERVED = Type.Union([Type.Literal('yes'), Type.Literal('no'), Type.Literal('unknown')]);
const OBSERVED_SOURCES = Type.Object({ poolState: OBSERVED, docker: OBSERVED });
const TEXTS = Type.Array(Type.String());
const TEXT_OR_NULL = Type.Union([Type.String(), Type.Null()]);

const RUN_REPORT = stored<RunReport>(
  'notes of a synchronisation',
  Type.Object({
    observedAtMs: Type.Number(),
    runningBots: TEXTS,
    validAllocations: TEXTS,
    drifts: Type.Array(
      Type.Object({
        instanceId: Type.String(),
        botName: Type.String(),
        verdict: Type.String(),
        first: OBSERVED_SOURCES,
        second: Type.Union([OBSERVED_SOURCES, Type.Null()]),
        allocation: Type.Union([
          Type.Object({
            incarnationId: TEXT_OR_NULL,
            facts: Type.String(),
            value: Type.Union([Type.Number(), Type.Null()]),
          }),
          Type.Null(),
        ]),
        dueAtMs: Type.Number(),
        outcome: Type.String(),
        reason: TEXT_OR_NULL,
        detail: TEXT_OR_NULL,
        sagaId: TEXT_OR_NULL,
      }),
    ),
    conflicts: Type.Array(
      Type.Object({ instanceId: Type.String(), where: Type.Array(Type.String()) }),
    ),
    unreadable: Type.Array(Type.String()),
    orphans: Type.Union([
      Type.Null(),
      Type.Object({
        count: Type.Number(),
        valueMinor: Type.Number(),
        oldestSeconds: Type.Number(),
      }),
    ]),
  }),
);

export function writeReport(report: RunReport): Json {
  return RUN_REPORT.write(report);
}

/** @throws HoldError LOG_UNREADABLE. */
export function readReport(json: Json | undefined): RunReport {
  const report = RUN_REPORT.read(json);
  const drifts = report.drifts.map((note) => ({
    ...note,
    instanceId: toInstanceId(note.instanceId),
  }));
  return { ...report, drifts };
}

export function writeResult(result: SyncResult): Json {
  return RESULT.write(result);
}

/** Null for a run that has not come so far. @throws HoldError LOG_UNREADABLE. */
export function readResult(json: Json | null | undefined): SyncResult | null {
  return RESULT.readOrNull(json);
}

const RESULT = stored<SyncResult>(
  'result of a synchronisation',
  Type.Object({
    data: Type.Object({
      runningBots: TEXTS,
      validAllocations: TEXTS,
      cleanedBots: Type.Array(
        Type.Object({
          botId: Type.String(),
          botName: Type.String(),
          returned: Type.Number(),
          pnl: Type.Number(),
        }),
      ),
      totalReturned: Type.Number(),
      newWalletBalance: Type.Union([Type.Number(), Type.Null()]),
      skipped: Type.Array(Type.Object({ botId: Type.String(), reason: Type.String() })),
    }),
    returnedMinor: Type.Number(),
    orphans: Type.Number(),
    ghosts: TEXTS,
    rebuiltEntries: TEXTS,
    removedEntries: TEXTS,
  }),
);

/** What the caller of a synchronisation reads of a bot that was left alone. */
export function skipText({ reason, detail }: DriftNote): string {
  return reason === 'unknown' && detail !== null ? `unknown: ${detail}` : (reason ?? 'unknown');
}
