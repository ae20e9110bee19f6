// One incarnation of a bot. I2 depends on it: there is one settlement per incarnation, whichever saga pays it,
// and an incarnation never crosses accounts. The same instanceId allocated again is another one.

import { createHash } from 'node:crypto';
import type { SagaId } from '@reclaim/saga';
import type { InstanceId, UserId } from './ids.ts';

/** `(user _id, instanceId, allocatedAt)`. Where an old row has no allocatedAt, an id stamped on the
 * allocation at the lock (in `lockedBy`) stands for it: `stamp:<sagaId>`. */
export interface Incarnation {
  readonly userId: UserId;
  readonly instanceId: InstanceId;
  /** ISO 8601 with milliseconds for a date, `stamp:…` for a stamped id, `none:<sagaId>` for a bot that
   * never had an allocation (a ghost): such an incarnation is never paid, but its tombstone needs a name. */
  readonly incarnationId: string;
}

/** A bot of a user, whichever incarnation. */
export type BotOfUser = Pick<Incarnation, 'userId' | 'instanceId'>;

/** The unique name of an incarnation; the tombstone's `_id`. */
export function incarnationKey({ userId, instanceId, incarnationId }: Incarnation): string {
  return `${userId}/${instanceId}/${incarnationId}`;
}

/** The incarnation id of an allocation that carries no date: it gets its name from the saga that locks it. */
export function stampedIncarnationId(sagaId: SagaId): string {
  return `stamp:${sagaId}`;
}

export function isStamped(incarnationId: string): boolean {
  return incarnationId.startsWith('stamp:');
}

/** Whether the incarnation id is an allocation's own date, not a name that stands for a missing one. */
export function isDated(incarnationId: string): boolean {
  return ISO_DATE.test(incarnationId);
}

const ISO_DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** The operation id of the one settlement of an incarnation: the same for delete, reclaim and
 * provision's undo, so that the second saga finds the winner's receipt. */
export function settlementOpId(incarnation: Incarnation): string {
  const hash = createHash('sha256').update(incarnationKey(incarnation)).digest('hex');
  return `settle.${hash.slice(0, 40)}`;
}
