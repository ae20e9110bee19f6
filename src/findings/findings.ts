// What a person should know and the program must not decide: a resurrected allocation, an id conflict.
// One finding per kind and subject: seeing it again raises its count, it is never written twice.

import { type Static, Type } from 'typebox';
import type { InstanceId, UserId } from '../domain/ids.ts';
import { isDated } from '../domain/incarnation.ts';

export const FINDING_KINDS = [
  'resurrected',
  'id-conflict',
  'unrecorded-change',
  'paid-twice',
  'too-many-rows',
  'constraint-violation',
  'unreadable-row',
  'unmapped-bot',
  'not-money',
  'unconfirmed-start',
] as const;

export type FindingKind = (typeof FINDING_KINDS)[number];

export interface Finding {
  readonly kind: FindingKind;
  readonly userId: UserId;
  readonly instanceId: InstanceId | null;
  /** What distinguishes two findings of one kind and bot, e.g. the incarnation id. */
  readonly discriminator: string;
  /** Plain JSON evidence; no secrets. */
  readonly evidence: Readonly<Record<string, unknown>>;
}

export type ResolveAction = Static<typeof RESOLVE_ACTION>;
export const RESOLVE_ACTION = Type.Enum(['remove', 'accept-as-new', 'restore', 'acknowledge'], {
  description:
    'For `resurrected`: `remove` takes the allocation away unpaid, `accept-as-new` makes it a new incarnation that may be paid once. For an `unrecorded-change` whose evidence names `undone` settlements: `restore` pays in exactly what a stale save took back, once. For every other kind, and these: `acknowledge`.',
});

/** What an administrator decided, and why: the audit trail of a finding. */
export type Resolution = Static<typeof RESOLUTION>;
const RESOLUTION = Type.Object({
  action: RESOLVE_ACTION,
  reason: Type.String(),
  /** As in every audit trail: `admin:<firebaseUid>`. */
  by: Type.String(),
  /** ISO 8601, database time. */
  at: Type.String(),
});

export type RecordedFinding = Static<typeof RECORDED_FINDING>;
export const RECORDED_FINDING = Type.Object({
  id: Type.String(),
  kind: Type.Enum([...FINDING_KINDS]),
  userId: Type.Unsafe<UserId>(Type.String()),
  instanceId: Type.Union([Type.Unsafe<InstanceId>(Type.String()), Type.Null()]),
  discriminator: Type.String({
    description: 'For `resurrected`: the incarnation that was settled.',
  }),
  evidence: Type.Record(Type.String(), Type.Unknown()),
  status: Type.Enum(['open', 'resolved']),
  observed: Type.Integer({ description: 'How often it was observed.' }),
  firstObservedAt: Type.String(),
  lastObservedAt: Type.String(),
  resolution: Type.Union([RESOLUTION, Type.Null()]),
  earlier: Type.Array(RESOLUTION, {
    description: 'Decisions from before it came back, oldest first; the newest ten.',
  }),
});

export interface Findings {
  /** What was acknowledged stays so: it is not raised again. What was removed or accepted is open again: it
   * should not be there any more. */
  report(finding: Finding): Promise<void>;
  /** Newest first. */
  listOpen(options: {
    readonly userId?: UserId;
    readonly kind?: FindingKind;
    readonly limit: number;
  }): Promise<readonly RecordedFinding[]>;
  /** Kinds without an open one are missing from the answer. */
  countOpen(): Promise<ReadonlyMap<FindingKind, number>>;
  find(id: string): Promise<RecordedFinding | null>;
  /** One conditional write: the first of two administrators decides; the other gets `resolved-before`. */
  resolve(
    id: string,
    resolution: Omit<Resolution, 'at'>,
  ): Promise<'resolved' | 'resolved-before' | 'not-found'>;
}

export interface Resurrection {
  readonly userId: UserId;
  readonly instanceId: InstanceId;
  /** Of the allocation that stands there; null, or a stamp, where it has no date. */
  readonly incarnationId: string | null;
  /** The operation or the saga that settled it. */
  readonly settledBy: string;
}

/** One finding a dated incarnation, and one for all undated copies of a bot: a stamp names the saga that locked it. */
export function resurrected({
  userId,
  instanceId,
  incarnationId,
  settledBy,
}: Resurrection): Finding {
  return {
    kind: 'resurrected',
    userId,
    instanceId,
    discriminator: incarnationId !== null && isDated(incarnationId) ? incarnationId : 'undated',
    evidence: { settledBy },
  };
}

export interface IdConflict {
  readonly userId: UserId;
  readonly instanceId: InstanceId;
  /** Names of containers that carry the id. */
  readonly containers: readonly string[];
  /** Whether an entry of the pool state carries it. */
  readonly poolState: boolean;
}

/** One finding for one conflict, whichever run observes it. */
export function idConflict({ userId, instanceId, containers, poolState }: IdConflict): Finding {
  return {
    kind: 'id-conflict',
    userId,
    instanceId,
    discriminator: [...containers].sort().join(',') || 'pool-state',
    evidence: { containers, poolState },
  };
}

export interface UnmappedBot {
  readonly userId: UserId;
  readonly instanceId: InstanceId;
  /** A word of a small set. */
  readonly reason: string;
  readonly detail: string | null;
}

/**
 * A bot that is there without an entry, and cannot be given one: the platform does not know it, and may give its slot
 * away.
 */
export function unmappedBot({ userId, instanceId, reason, detail }: UnmappedBot): Finding {
  const evidence = { reason, detail };
  return { kind: 'unmapped-bot', userId, instanceId, discriminator: reason, evidence };
}

/** An orphan that no run may pay: its money stays where it is until its numbers are put right.
 * @param detail which number it is, and what stands there. */
export function notMoneyInBot(userId: UserId, instanceId: InstanceId, detail: string): Finding {
  return { kind: 'not-money', userId, instanceId, discriminator: detail, evidence: { detail } };
}
