// The saga log: one record per saga, the only truth about it (I7, I9). Every write is conditional on the epoch and
// owner of the claim and on the write that made the record it was decided from, known by its id. Not on a count: a
// failover forgets what the old primary alone had, another write takes the number, and the old one's successor would
// land on a state that it never saw (I6). Its own id goes into the record and the history, so that a write whose answer
// was lost can be distinguished from one that never happened.

import type { Json } from '../json.ts';
import type { Phase, SagaState } from '../machine/state.ts';
import type { SagaId } from '../saga-id.ts';
import type { HistoryEntry, SagaRecord } from './record.ts';

/** Every call that writes throws HoldError where the log cannot hold this call's own item; what others write at the
 * same time is not touched by it. */
export interface SagaLog {
  /** Durable on a majority when it returns (I7). A key that is open gives the saga that holds it (I8). */
  insert(saga: NewSaga): Promise<InsertResult>;

  /** Raises the epoch and sets a new random owner and a lease, if the saga is open, not stuck and due, and no lease on it is
   * live by the database's time. Majority write. */
  claim(sagaId: SagaId, claim: ClaimRequest): Promise<ClaimResult>;

  /** Stores the state that the events led to. `conflict`: another writer (a cancel, an operator) came before it, or a
   * failover took away what the base was made of; the claim still holds, decide again from the record given, which is
   * on a majority. Fenced: another claim came. */
  commit(write: LogWrite): Promise<CommitResult>;

  /** Extends the leases of these claims. */
  renew(claims: readonly Claim[], leaseMs: number): Promise<void>;

  /** Gives the lease back so that the saga can be claimed again.
   * @returns from when on, by what the log holds now (another process may have brought it forward); null where
   * the claim holds no more. Database time, ms. */
  release(claim: Claim): Promise<number | null>;

  /** Whether the claim still holds, of a saga that has not ended: a majority write that changes nothing, because a primary
   * that has lost its majority without knowing could answer yes for seconds after another claim. Combined with others
   * that wait. @throws UnavailableError when no majority confirms it in time. */
  prove(claim: Claim): Promise<boolean>;

  /** A write from outside the claim (a cancel, an operator's verb): conditional on the base's write alone, or on the
   * base's standing, so that it and the worker's next write decide between them which came first (I6). One that fences
   * ends the claim besides (I5). Majority. */
  intervene(intervention: Intervention): Promise<InterventionResult>;

  /** Records on every open saga whether its version is among these: since when not. */
  noteRunnable(runnable: readonly string[]): Promise<void>;

  find(sagaId: SagaId): Promise<SagaRecord | null>;
  /** Whether sagas have changed, for those who watch many, and whether they are open, for locks left behind: a small part
   * of what `find` reads. Sagas that the log does not hold are missing. */
  findRevisions(sagaIds: readonly SagaId[]): Promise<ReadonlyMap<SagaId, SagaRevision>>;
  /** Of a key: the open saga, and the newest ended ones after it. */
  findByKey(key: string, limit: number): Promise<readonly SagaRecord[]>;
  list(filter: SagaFilter): Promise<SagaPage>;

  /** Which of these keys an open saga holds, and which saga. */
  findHolders(keys: readonly string[]): Promise<ReadonlyMap<string, SagaId>>;

  /** Open, due, not stuck, with no live lease, not read by a relay for a while: for the relay,
   * which takes them for `holdMs`. */
  takeOverdue(options: {
    readonly limit: number;
    readonly holdMs: number;
  }): Promise<readonly OverdueSaga[]>;

  /** The relay leaves the saga alone until then, at most `MAX_PARK_MS` from now: its worker knows of it and brings it back
   * by itself. Database time, ms. */
  park(sagaId: SagaId, untilMs: number): Promise<void>;

  /** Sagas of these definitions (`<name>@<version>`) that an order has ended, and whose release is not noted yet, not read by
   * a relay for a while: for the relay, which takes them for `holdMs`. One that was ended just now is its process's to
   * release. */
  takeUnreleased(options: {
    readonly runnable: readonly string[];
    readonly limit: number;
    readonly holdMs: number;
  }): Promise<readonly SagaRecord[]>;

  /** What the saga held is released, or never can be: it may be forgotten after its retention. Repeatable. */
  noteReleased(sagaId: SagaId): Promise<void>;
}

/** The longest that a saga is parked. One that is further ahead than twice as much was written before the clock
 * went back. */
export const MAX_PARK_MS = 30_000;

export type SagaRevision = Pick<SagaRecord, 'open' | 'revision' | 'unrunnableSince'>;

export type NewSaga = Pick<
  SagaRecord,
  | 'id'
  | 'kind'
  | 'version'
  | 'key'
  | 'subject'
  | 'requestedBy'
  | 'parent'
  | 'input'
  | 'state'
  | 'traceparent'
> & {
  /** Not to be claimed before this moment. Database time, ms; missing: at once. */
  readonly notBeforeMs?: number;
  /** The first claim, of the process that accepts it: stored by the same write, with epoch 1. */
  readonly claim?: FirstClaim;
};

/** A saga that was never claimed is under epoch 0. */
export const FIRST_EPOCH = 1;

export interface FirstClaim extends Omit<ClaimRequest, 'beginning'> {
  /** What led from its initial state to the one that it is accepted in. */
  readonly events: readonly LoggedEvent[];
}

export interface InsertResult {
  readonly status: 'inserted' | 'exists';
  readonly saga: SagaRecord;
  /** The first claim, where it was stored and no other has come since. */
  readonly claim?: Claim;
}

export interface ClaimRequest {
  readonly owner: string;
  readonly leaseMs: number;
  readonly beginning?: Beginning;
}

/** What a saga that was never claimed begins with, stored by the claim itself: its captures are reads, and
 * need no claim to be taken. Applies only to the record it was made from. */
export type Beginning = Pick<LogWrite, 'base' | 'state' | 'events'>;

export type ClaimResult =
  | { readonly status: 'claimed'; readonly saga: SagaRecord }
  /** Another worker's lease is live, or it is not due yet: claim again then. */
  | { readonly status: 'busy' | 'not-due'; readonly retryAtMs: number }
  /** Ended or stuck; null: there is no such saga. */
  | { readonly status: 'at-rest'; readonly saga: SagaRecord | null };

export interface Claim {
  readonly sagaId: SagaId;
  readonly epoch: number;
  readonly owner: string;
}

export interface LogWrite {
  readonly claim: Claim;
  /** The record the state was decided from, as the log has it. */
  readonly base: SagaRecord;
  readonly state: SagaState;
  readonly result: Json | null;
  /** What happened, in its order; several where the earlier ones were not worth a write. */
  readonly events: readonly LoggedEvent[];
  /** `majority` where a loss could cost money or a promise; `primary` for "done, next begun". */
  readonly durability: 'majority' | 'primary';
  /** Made by the caller and kept when it sends the write again after a lost answer. */
  readonly writeId: string;
}

export interface LoggedEvent extends Pick<HistoryEntry, 'type' | 'step' | 'detail'> {
  /** Database time, ms. */
  readonly atMs: number;
}

export type CommitResult =
  | { readonly status: 'landed'; readonly saga: SagaRecord }
  | { readonly status: 'conflict'; readonly saga: SagaRecord }
  | { readonly status: 'fenced' };

export interface Intervention {
  readonly base: SagaRecord;
  readonly state: SagaState;
  /** `base`, the default: on that record alone. `standing`: on every record under the base's epoch in which the saga stands
   * where it does in the base (machine/standing.ts); only for a cancel of a saga that runs, which writes nothing but
   * `cancelRequested` and that the saga is due. */
  readonly landsOn?: 'base' | 'standing';
  /** Raises the epoch: the worker that holds the saga writes and proves nothing from here on. Only with `base`. Default: its
   * claim stays. */
  readonly fences?: boolean;
  /** Of a saga that it ends: what the saga holds outside is released after this write, and named by `takeUnreleased` until
   * that is noted. */
  readonly owesRelease?: boolean;
  /** Of a saga that it ends. */
  readonly result?: Json | null;
  readonly event: Omit<LoggedEvent, 'atMs'>;
  readonly writeId: string;
}

export type InterventionResult =
  | { readonly status: 'landed'; readonly saga: SagaRecord }
  | { readonly status: 'conflict'; readonly saga: SagaRecord };

export interface SagaFilter {
  readonly subject?: string;
  readonly phases?: readonly Phase[];
  readonly kind?: string;
  /** Those that are of any of these: each is found by an index of its own. */
  readonly anyOf?: readonly SagaTrait[];
  readonly limit: number;
  readonly cursor?: string;
}

/** `input`: a field of the input that the definition lets be searched by (`searchBy`). */
export type SagaTrait =
  | { readonly of: 'id' | 'subject'; readonly value: string }
  | { readonly of: 'input'; readonly field: string; readonly value: string };

export interface SagaPage {
  readonly sagas: readonly SagaRecord[];
  readonly nextCursor: string | null;
}

export type OverdueSaga = Pick<SagaRecord, 'id' | 'kind'>;

/** The relay's first read of a saga whose wake-up may have been lost. */
export const FIRST_RELAY_PASS_MS = 2_000;

/** So long the process of the order has for its release, before a relay makes up for it. */
export const FIRST_RELEASE_PASS_MS = 15_000;
