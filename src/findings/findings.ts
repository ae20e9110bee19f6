// What a person should know and the program must not decide: a resurrected allocation, an id conflict.
// One finding per kind and subject: seeing it again raises its count, it is never written twice.

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

export interface RecordedFinding extends Finding {
  readonly id: string;
  readonly status: 'open' | 'resolved';
  readonly observed: number;
  readonly firstObservedAt: string;
  readonly lastObservedAt: string;
  readonly resolution: Resolution | null;
  /** What was decided before it came back, oldest first; the newest ten. */
  readonly earlier: readonly Resolution[];
}

/** What an administrator decided, and why: the audit trail of a finding. */
export interface Resolution {
  readonly action: ResolveAction;
  readonly reason: string;
  /** As in every audit trail: `admin:<firebaseUid>`. */
  readonly by: string;
  /** ISO 8601, database time. */
  readonly at: string;
}

/** `remove` takes a resurrected allocation away without paying it; `accept-as-new` makes it a new incarnation that
 * may be paid; `restore` pays in again what a stale save took back; `acknowledge` changes nothing but the finding. */
export type ResolveAction = 'remove' | 'accept-as-new' | 'restore' | 'acknowledge';

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
