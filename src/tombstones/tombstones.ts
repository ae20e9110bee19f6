// The memory that an incarnation is being or was deleted, so that nothing brings it back. Unique by
// incarnation; never ends before "gone" was observed (I1). `open` only forbids a new start while its
// saga is open; from `settled` on the janitor finishes what it names.

import type { SagaId } from '@reclaim/saga';
import type { ObservedBot } from '../domain/bot.ts';
import type { FirebaseUid, InstanceId, UserId } from '../domain/ids.ts';
import type { Incarnation } from '../domain/incarnation.ts';
import type { ReservedSlot } from '../pool-state/owned-entry.ts';
import type { HeldSlot } from '../pool-state/pool-slots.ts';

export interface Tombstone {
  readonly incarnation: Incarnation;
  readonly sagaId: SagaId;
  readonly epoch: number;
  readonly firebaseUid: FirebaseUid | null;
  readonly status: 'open' | 'settled' | 'ended';
  /** The containers and programs the saga observed as this bot; null: it could not observe. */
  readonly observedBots: readonly ObservedBot[] | null;
  /** Hosts that may hold more of it had not answered by then: it is not gone before all of them have. */
  readonly observedInPart: boolean;
  /** Whether what it names was observed at rest by its saga. Where it was not, that a host does not hold it any more is
   * evidence only of a host that is trusted (I4). */
  readonly observedAtRest: boolean;
  /** What it names was observed by then. */
  readonly openedAt: Date;
  /** Pool container names the pool state named at the lock, and the slot held until gone. */
  readonly slot: ReservedSlot | null;
  /** Whether the wallet held this incarnation when the saga locked it (the settlement's case e or f). */
  readonly hadAllocation: boolean;
  readonly attempts: number;
  readonly lastReason: string | null;
}

export interface TombstoneTarget {
  readonly incarnation: Incarnation;
  readonly sagaId: SagaId;
  readonly epoch: number;
}

export interface Tombstones {
  /** Inserts `open`. One of this saga already there is success. One of another saga that is not in
   * `mayTakeOver` is not touched. A settled or ended one is never reopened. */
  open(command: OpenTombstone): Promise<OpenResult>;

  /** Adds what the saga has observed since it was opened. Repeatable; takes nothing away. */
  recordObservedBots(target: TombstoneTarget, observed: ObservedIncarnation): Promise<void>;

  /** Removes a `open` one that names this saga, and forbids this saga to open it again, however late a worker
   * of it may come: `open` then throws FencedError (I5). Repeatable. */
  withdraw(target: TombstoneTarget): Promise<void>;

  /** open → settled; the janitor's first check is due a few seconds later, when the saga's own last
   * step has had its chance. Repeatable; never goes back. `observedAtRest` defaults to false. Throws FencedError for a saga that does not own it. */
  settle(target: TombstoneTarget, stop?: Pick<Tombstone, 'observedAtRest'>): Promise<void>;

  /** Gone was observed: status `ended`, the slot is free; checks after 1 and 10 minutes are scheduled. */
  end(target: TombstoneTarget): Promise<void>;

  /** Unfinished or to be checked again, oldest due first; takes each for `holdMs` so that two
   * janitors do not work on one. */
  takeDue(options: {
    readonly limit: number;
    readonly holdMs: number;
  }): Promise<readonly Tombstone[]>;

  /** The janitor's check: gone, or not yet with the reason; schedules the next check (1–15 s with
   * backoff while not gone; 1 and 10 minutes after the end on top, then no more). */
  recordCheck(
    tombstone: Tombstone,
    observation: { readonly gone: boolean; readonly reason: string | null },
  ): Promise<void>;

  /** Makes every unfinished one of a host due at once: called when the host answers again. */
  makeDue(): Promise<void>;

  /** The slots of this user's bots that were not yet observed gone: their ports may still be in use. */
  heldSlots(userId: UserId): Promise<readonly HeldSlot[]>;

  /** Those of a bot that are not withdrawn, newest first. */
  findForBot(userId: UserId, instanceId: InstanceId): Promise<readonly Tombstone[]>;

  /** Which of these bots, at most `MAX_ASKED`, were observed gone after their moment: a bot last observed at that
   * moment need not be searched for any more. An end of just now may be missing for a moment. Another user's end of the
   * same id ends none of them (I4).
   * @throws RangeError for more. */
  endedAmong(bots: readonly BotAtMoment[]): Promise<ReadonlySet<BotAtMoment>>;
}

/** Of one question. */
export const MAX_ASKED = 1_000;

export interface BotAtMoment {
  readonly instanceId: string;
  /** Whose it was said to be, each by either of a user's names; of several the sources disagree. Empty: nobody's. */
  readonly owners: readonly string[];
  readonly host: string;
  readonly at: Date;
}

export type ObservedIncarnation = Pick<Tombstone, 'observedBots' | 'observedInPart'>;

export const NOTHING_OBSERVED: ObservedIncarnation = { observedBots: null, observedInPart: false };

export interface OpenTombstone extends TombstoneTarget, ObservedIncarnation {
  readonly firebaseUid: FirebaseUid | null;
  readonly slot: ReservedSlot | null;
  readonly hadAllocation: boolean;
  readonly mayTakeOver: readonly SagaId[];
}

export type OpenResult =
  | { readonly status: 'opened' }
  | { readonly status: 'other-saga'; readonly sagaId: SagaId }
  | { readonly status: 'already-settled'; readonly sagaId: SagaId };
