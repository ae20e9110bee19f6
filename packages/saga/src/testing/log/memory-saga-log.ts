// A saga log in memory, with the conditions of the real one: a writer under an old epoch or owner, or from a write that
// is not the last one any more, changes nothing, and a write that is sent again is known by its id. One store, as many
// logs on it as there are processes; what only its primary has can be lost (replica.ts).

import type { SagaRecord } from '../../log/record.ts';
import {
  type Claim,
  type ClaimRequest,
  type ClaimResult,
  type CommitResult,
  FIRST_RELAY_PASS_MS,
  FIRST_RELEASE_PASS_MS,
  type FirstClaim,
  type InsertResult,
  type Intervention,
  type InterventionResult,
  type LoggedEvent,
  type LogWrite,
  MAX_PARK_MS,
  type NewSaga,
  type SagaLog,
} from '../../log/saga-log.ts';
import { claimedRecord, historyOf, writtenRecord } from '../../log/written-record.ts';
import { isSameStanding } from '../../machine/standing.ts';
import { isAtRest } from '../../machine/state.ts';
import { pinnedId } from '../../registry.ts';
import type { Clock } from '../../run/clock.ts';
import type { SagaId } from '../../saga-id.ts';
import { pageOf, sortNewestFirst } from './memory-saga-lists.ts';
import { createReplica } from './replica.ts';

interface Stored {
  readonly saga: SagaRecord;
  readonly owner: string | null;
  readonly leaseUntilMs: number;
  /** For how long the lease was granted. */
  readonly leaseMs: number;
  readonly dueMs: number;
  readonly relayMs: number;
}

type Written = Omit<LogWrite, 'base' | 'claim' | 'durability'> & Pick<Intervention, 'fences'>;

export interface MemorySagaLog extends SagaLog {
  /** A failover: what only the primary had is gone. @returns how many writes were lost. */
  failOver(): number;
  /** As if the time had come: for its next attempt, and for the lease on it to run out. */
  expire(id: SagaId): void;
}

export interface MemorySagaLogOptions {
  /** Receives every record that is on a majority, in their order. */
  readonly onWrite?: (saga: SagaRecord) => void;
  /** How far the majority is behind a write that the primary has acknowledged alone, in ms. Default: not at all. */
  readonly lagMs?: () => number;
}

export function createMemorySagaLog(
  clock: Pick<Clock, 'nowMs'>,
  { onWrite = () => undefined, lagMs }: MemorySagaLogOptions = {},
): MemorySagaLog {
  const told = new Map<string, SagaRecord>();
  const parked = new Map<SagaId, number>();
  const unreleased = new Map<SagaId, number>();
  const sagas = createReplica<Stored>({
    lagMs,
    // Leases and passes of the relay change no record.
    onCommitted: ({ saga }) => {
      if (told.get(saga.id) === saga) return;
      told.set(saga.id, saga);
      onWrite(saga);
    },
  });

  const isoAt = (ms: number) => new Date(ms).toISOString();
  const holding = ({ sagaId, epoch, owner }: Claim): Stored | null => {
    const stored = sagas.get(sagaId);
    return stored?.saga.epoch === epoch && stored.owner === owner ? stored : null;
  };
  const put = (stored: Stored, durability: LogWrite['durability'] = 'majority') =>
    sagas.put(stored.saga.id, stored, durability);

  function insert({ notBeforeMs = 0, claim: first, ...given }: NewSaga): InsertResult {
    const own = sagas.get(given.id);
    if (own !== undefined) return inserted(own, first);
    const holder = sagas.all().find(({ saga }) => saga.open && saga.key === given.key);
    if (holder !== undefined) return { status: 'exists', saga: holder.saga };
    const nowMs = clock.nowMs();
    const saga: SagaRecord = {
      ...given,
      input: JSON.parse(JSON.stringify(given.input)),
      open: true,
      revision: 1,
      writeId: given.id,
      epoch: 0,
      result: null,
      unrunnableSince: null,
      history: [],
      createdAt: isoAt(nowMs),
      finishedAt: null,
    };
    const stored: Stored = {
      saga,
      owner: null,
      leaseUntilMs: 0,
      leaseMs: 0,
      dueMs: notBeforeMs,
      relayMs: Math.max(nowMs, notBeforeMs) + FIRST_RELAY_PASS_MS,
    };
    const accepted = first === undefined ? stored : claimed(stored, first, nowMs);
    put(accepted);
    return inserted(accepted, first);
  }

  function claimed(stored: Stored, first: FirstClaim, nowMs: number): Stored {
    const { owner, leaseMs } = first;
    const saga = claimedRecord(stored.saga, first, nowMs);
    return { ...stored, saga, owner, leaseMs, leaseUntilMs: nowMs + leaseMs };
  }

  function claim(sagaId: SagaId, request: ClaimRequest): ClaimResult {
    // A majority write waits for all before it, also where it changes nothing.
    sagas.commit();
    const stored = sagas.get(sagaId);
    if (stored === undefined) return { status: 'at-rest', saga: null };
    const { saga, owner, dueMs } = stored;
    if (owner === request.owner) return { status: 'claimed', saga };
    if (isAtRest(saga.state.phase)) return { status: 'at-rest', saga };
    const nowMs = clock.nowMs();
    const { beginning } = request;
    const fits =
      beginning === undefined || (beginning.base.writeId === saga.writeId && saga.epoch === 0);
    const leaseUntilMs = isLeased(stored, nowMs) ? stored.leaseUntilMs : 0;
    if (leaseUntilMs > nowMs || dueMs > nowMs || !fits) {
      return leaseUntilMs >= dueMs
        ? { status: 'busy', retryAtMs: leaseUntilMs }
        : { status: 'not-due', retryAtMs: dueMs };
    }
    return { status: 'claimed', saga: take(stored, request, nowMs) };
  }

  function take(stored: Stored, request: ClaimRequest, nowMs: number): SagaRecord {
    const { events = [], state = stored.saga.state } = request.beginning ?? {};
    const taken = claimed(stored, { ...request, events }, nowMs);
    const saga = { ...taken.saga, state, revision: stored.saga.revision + 1 };
    put({ ...taken, saga });
    return saga;
  }

  function commit(order: LogWrite): CommitResult {
    const { claim: claimed, base, writeId, durability } = order;
    const stored = sagas.get(claimed.sagaId);
    const isThere = stored !== undefined && hasWritten(stored, writeId);
    const held = holding(claimed);
    if (!isThere && held?.saga.writeId === base.writeId) {
      return { status: 'landed', saga: write(held, order, durability) };
    }
    // What is read back is on a majority first.
    sagas.commit();
    if (isThere) return { status: 'landed', saga: stored.saga };
    return held === null ? { status: 'fenced' } : { status: 'conflict', saga: held.saga };
  }

  function write(
    stored: Stored,
    { events, ...change }: Written,
    durability: LogWrite['durability'],
  ): SagaRecord {
    const { state, writeId } = change;
    const { saga: base, leaseUntilMs, dueMs } = stored;
    const isDueAnew = state.notBeforeMs !== base.state.notBeforeMs;
    const saga = writtenRecord({ ...change, base }, historyOf(events, base.epoch, writeId));
    put(
      {
        ...stored,
        saga,
        dueMs: isDueAnew ? (state.notBeforeMs ?? 0) : dueMs,
        leaseUntilMs: isAtRest(state.phase) ? 0 : leaseUntilMs,
      },
      durability,
    );
    return saga;
  }

  function intervene(order: Intervention): InterventionResult {
    const { base, state, result = null, event, writeId, landsOn = 'base', fences = false } = order;
    sagas.commit();
    const stored = sagas.get(base.id);
    if (stored === undefined) throw new RangeError(`no saga ${base.id}`);
    if (hasWritten(stored, writeId)) return { status: 'landed', saga: stored.saga };
    const events = [{ ...event, atMs: clock.nowMs() }];
    if (landsOn === 'standing') return cancelRunning(stored, order, events);
    if (stored.saga.writeId !== base.writeId) return { status: 'conflict', saga: stored.saga };
    const written = { state, result, events, writeId, fences };
    if (order.owesRelease) unreleased.set(base.id, clock.nowMs() + FIRST_RELEASE_PASS_MS);
    return { status: 'landed', saga: write(stored, written, 'majority') };
  }

  function takeUnreleased({
    runnable,
    limit,
    holdMs,
  }: Parameters<SagaLog['takeUnreleased']>[0]): SagaRecord[] {
    const nowMs = clock.nowMs();
    const farAheadMs = nowMs + 2 * Math.max(holdMs, FIRST_RELEASE_PASS_MS);
    const due = [...unreleased].filter(([, atMs]) => atMs <= nowMs || atMs > farAheadMs);
    const found = due.flatMap(([id]) => sagas.committed(id)?.saga ?? []);
    const taken = found.filter(({ kind, version }) => runnable.includes(pinnedId(kind, version)));
    for (const { id } of taken.slice(0, limit)) unreleased.set(id, nowMs + holdMs);
    return taken.slice(0, limit);
  }

  function cancelRunning(
    stored: Stored,
    { base, writeId }: Intervention,
    events: readonly LoggedEvent[],
  ): InterventionResult {
    const { saga } = stored;
    if (saga.epoch !== base.epoch || !isSameStanding(saga.state, base.state)) {
      return { status: 'conflict', saga };
    }
    const state = { ...saga.state, cancelRequested: true, notBeforeMs: null };
    const written = { state, result: null, events, writeId };
    return { status: 'landed', saga: write({ ...stored, dueMs: 0 }, written, 'majority') };
  }

  function takeOverdue({ limit, holdMs }: { limit: number; holdMs: number }) {
    const nowMs = clock.nowMs();
    const overdue = sagas
      .all()
      .filter((stored) => {
        const { saga, relayMs, dueMs } = stored;
        const farAheadMs = nowMs + 2 * Math.max(holdMs, FIRST_RELAY_PASS_MS);
        const isRelayed = relayMs <= nowMs || relayMs > farAheadMs;
        const parkedMs = parked.get(saga.id) ?? 0;
        const isParked = parkedMs > nowMs && parkedMs <= nowMs + 2 * MAX_PARK_MS;
        const isDue = isRelayed && !isParked && dueMs <= nowMs && !isLeased(stored, nowMs);
        return saga.open && isDue && saga.state.phase !== 'stuck';
      })
      .slice(0, limit);
    for (const stored of overdue) put({ ...stored, relayMs: nowMs + holdMs });
    return overdue.map(({ saga: { id, kind } }) => ({ id, kind }));
  }

  // A proof is one from a majority, and with it everything before is there.
  function proves(one: Claim): boolean {
    sagas.commit();
    return holding(one)?.saga.open === true;
  }

  // Readers are shown what is on a majority (I9).
  const newestFirst = () => sortNewestFirst(sagas.allCommitted().map(({ saga }) => saga));

  return {
    failOver: () => sagas.failOver(),
    expire: (id) => {
      const stored = sagas.get(id);
      if (stored !== undefined) put({ ...stored, dueMs: 0, leaseUntilMs: 0 });
    },
    insert: async (saga) => insert(saga),
    claim: async (sagaId, request) => claim(sagaId, request),
    commit: async (order) => commit(order),
    intervene: async (order) => intervene(order),
    renew: async (claims, leaseMs) => {
      for (const one of claims) {
        const held = holding(one);
        if (held !== null && held.leaseUntilMs > 0) {
          put({ ...held, leaseMs, leaseUntilMs: clock.nowMs() + leaseMs });
        }
      }
    },
    release: async (one) => {
      const held = holding(one);
      if (held === null) return null;
      put({ ...held, leaseUntilMs: 0 });
      return held.dueMs;
    },
    prove: async (one) => proves(one),
    noteRunnable: async (runnable) => {
      for (const stored of sagas.all()) {
        const { saga } = stored;
        const isRunnable = runnable.includes(pinnedId(saga.kind, saga.version));
        const since = saga.unrunnableSince ?? isoAt(clock.nowMs());
        const unrunnableSince = isRunnable ? null : since;
        if (saga.open && unrunnableSince !== saga.unrunnableSince) {
          put({ ...stored, saga: { ...saga, unrunnableSince } });
        }
      }
    },
    find: async (id) => sagas.committed(id)?.saga ?? null,
    findByKey: async (key, limit) =>
      newestFirst()
        .filter((saga) => saga.key === key)
        .sort((a, b) => Number(b.open) - Number(a.open))
        .slice(0, limit),
    findHolders: async (keys) =>
      new Map(
        sagas
          .allCommitted()
          .flatMap(({ saga: { open, key, id } }) =>
            open && keys.includes(key) ? [[key, id] as const] : [],
          ),
      ),
    list: async (filter) => pageOf(newestFirst(), filter),
    park: async (id, untilMs) => {
      const stored = sagas.all().find(({ saga }) => saga.id === id && saga.open);
      if (stored !== undefined) parked.set(id, untilMs);
    },
    takeOverdue: async (options) => takeOverdue(options),
    takeUnreleased: async (options) => takeUnreleased(options),
    noteReleased: async (id) => void unreleased.delete(id),
    findRevisions: async (ids) => {
      const found = ids.flatMap((id) => sagas.committed(id)?.saga ?? []);
      return new Map(
        found.map(({ id, open, revision, unrunnableSince }) => {
          return [id, { open, revision, unrunnableSince }];
        }),
      );
    },
  };
}

/** Not from before the clock went back. */
function isLeased({ leaseUntilMs, leaseMs }: Stored, nowMs: number): boolean {
  return leaseUntilMs > nowMs && leaseUntilMs <= nowMs + 2 * leaseMs;
}

function inserted({ saga, owner }: Stored, first: FirstClaim | undefined): InsertResult {
  const result = { status: 'inserted', saga } as const;
  if (first === undefined || first.owner !== owner) return result;
  return { ...result, claim: { sagaId: saga.id, epoch: saga.epoch, owner } };
}

function hasWritten({ saga }: Stored, writeId: string): boolean {
  return saga.history.some((entry) => entry.writeId === writeId);
}
