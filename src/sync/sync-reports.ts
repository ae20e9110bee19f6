// What the steps of a synchronisation leave for one another, in the saga's log: the evidence of every decision, and
// what came of it.

import { type StoredOf, stored } from '@reclaim/saga';
import { Type } from 'typebox';
import { INSTANCE_ID } from '../domain/id-schemas.ts';
import { VERDICTS } from '../domain/presence.ts';

const TEXT = Type.String();
const TEXTS = Type.Array(TEXT);
const TEXT_OR_NULL = Type.Union([TEXT, Type.Null()]);

/** Why a bot was left alone: words that callers, metrics and tests may rely on. */
const SKIP_REASON = Type.Enum([
  'unknown',
  'open-saga',
  'pending',
  'changed',
  'settled',
  'not-money',
  /** Two observations found no bot, the last one before the payment did. */
  'seen-again',
  /** The reclaiming waits for a person. */
  'stuck',
  /** A passive run only records suspects; the confirming run decides. */
  'suspected',
  /** The entry cannot be rebuilt: the pool state does not know its pool, */
  'pool-unknown',
  /** its port cannot be read, */
  'port-unknown',
  /** another bot has it, */
  'port-taken',
  /** or others have all places of its pool. */
  'pool-full',
]);
export type SkipReason = StoredOf<typeof SKIP_REASON>;

const PRESENCE = Type.Enum(['yes', 'no', 'unknown']);
const SOURCES = Type.Object({ poolState: PRESENCE, docker: PRESENCE });

const ALLOCATION_NOTE = Type.Object({
  incarnationId: TEXT_OR_NULL,
  facts: TEXT,
  /** Dollars, as read, for the gauges; null where it is not money. */
  value: Type.Union([Type.Number(), Type.Null()]),
});
export type AllocationNote = StoredOf<typeof ALLOCATION_NOTE>;

/** One bot that drifted, through the run. */
const DRIFT_NOTE = Type.Object({
  instanceId: INSTANCE_ID,
  botName: TEXT,
  verdict: Type.Enum([...VERDICTS]),
  first: SOURCES,
  second: Type.Union([SOURCES, Type.Null()]),
  /** The facts of the allocation that must not change between the observations, and the incarnation as the second one
   * read it; null where there is no allocation. */
  allocation: Type.Union([ALLOCATION_NOTE, Type.Null()]),
  /** Not to be observed again before; database time, ms. */
  dueAtMs: Type.Number(),
  /** `observed`: once only. `confirmed`: the second observation agrees. `resolved`: nothing is wrong any more. */
  outcome: Type.Enum(['observed', 'confirmed', 'resolved', 'skipped', 'reported', 'repaired']),
  reason: Type.Union([SKIP_REASON, Type.Null()]),
  /** For people: which source, which host, which saga. */
  detail: TEXT_OR_NULL,
  /** The saga that pays it back. */
  sagaId: TEXT_OR_NULL,
});
export type DriftNote = StoredOf<typeof DRIFT_NOTE>;

/** What the run has found and done so far. */
export const REPORT = Type.Object({
  /** Database time, ms: the first observation. */
  observedAtMs: Type.Number(),
  /** The user's bots that Docker shows running, with money or without. */
  runningBots: TEXTS,
  /** The allocations whose bot is there, in any state. */
  validAllocations: TEXTS,
  drifts: Type.Array(DRIFT_NOTE),
  /** Containers and entries of this user's ids in another user's name. */
  conflicts: Type.Array(Type.Object({ instanceId: TEXT, where: TEXTS })),
  /** Keys in the wallet that are no ids of bots: no source can be asked about them. */
  unreadable: TEXTS,
  /** The user's orphans as the first observation found them; null in a rehearsal, which remembers nothing. */
  orphans: Type.Union([
    Type.Null(),
    Type.Object({
      count: Type.Number(),
      valueMinor: Type.Number(),
      oldestSeconds: Type.Number(),
    }),
  ]),
});
export type RunReport = StoredOf<typeof REPORT>;

const CLEANED_BOT = Type.Object({
  botId: TEXT,
  botName: TEXT,
  /** Rounded to cents where they were paid. */
  returned: Type.Number({ description: 'Dollars.' }),
  pnl: Type.Number(),
});
export type CleanedBot = StoredOf<typeof CLEANED_BOT>;

/** The answer of the API, and what the job shows beside it. Ids, as the platform's clients read them: they take the
 * length themselves. */
export const RESULT = Type.Object({
  data: Type.Object({
    runningBots: Type.Array(TEXT, { description: 'Ids of your bots that Docker shows running.' }),
    validAllocations: Type.Array(TEXT, {
      description: 'Ids of the allocations whose bot is there, in any state.',
    }),
    cleanedBots: Type.Array(CLEANED_BOT),
    totalReturned: Type.Number({ description: 'Dollars.' }),
    newWalletBalance: Type.Union([Type.Number(), Type.Null()], {
      description: 'Null for an account without a wallet.',
    }),
    skipped: Type.Array(Type.Object({ botId: TEXT, reason: TEXT }), {
      description:
        'Left alone: unknown, open-saga, pending, changed, settled, not-money, seen-again, stuck, ' +
        'suspected, pool-unknown, port-unknown, port-taken, pool-full, not-a-bot-id; for administrators, `unknown` with the reasons as the sources gave them.',
    }),
  }),
  /** Cents that were paid back. */
  returnedMinor: Type.Number(),
  /** Allocations whose bot was found nowhere at the first observation. */
  orphans: Type.Number(),
  ghosts: TEXTS,
  rebuiltEntries: TEXTS,
  removedEntries: TEXTS,
});
export type SyncResult = StoredOf<typeof RESULT>;

/** What a repair that waits for its reclaimings has come to. */
export const RUN_REPORT = stored('report of a synchronisation', REPORT);
/** Of a run's record; null for a run that has not come so far. */
export const SYNC_RESULT = stored('result of a synchronisation', RESULT);

/** What the caller of a synchronisation reads of a bot that was left alone. */
export function skipText({ reason, detail }: DriftNote): string {
  return reason === 'unknown' && detail !== null ? `unknown: ${detail}` : (reason ?? 'unknown');
}
