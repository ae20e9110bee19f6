// A saga log in memory, with the conditions of the real one: who writes under an old epoch or owner, or from a revision
// that is not there any more, changes nothing, and a write that is sent again is known by its id. One store, as many
// logs on it as there are processes.

import { BadCursorError } from '../../src/domain/bad-cursor.ts';
import { parseSagaId, type SagaId } from '../../src/domain/ids.ts';
import type { Clock } from '../../src/saga/ports/clock.ts';
import type {
  Claim,
  ClaimRequest,
  ClaimResult,
  CommitResult,
  Intervention,
  InterventionResult,
  LoggedEvent,
  LogWrite,
  NewSaga,
  SagaFilter,
  SagaLog,
  SagaTrait,
} from '../../src/saga/ports/saga-log.ts';
import type { HistoryEntry, SagaRecord } from '../../src/saga/record.ts';
import { pinnedId } from '../../src/saga/registry.ts';
import { isAtRest, isEnded } from '../../src/saga/state.ts';

interface Stored {
  saga: SagaRecord;
  owner: string | null;
  leaseUntilMs: number;
  dueMs: number;
  relayMs: number;
  readonly writeIds: Set<string>;
}

const FIRST_RELAY_LOOK_MS = 2_000;
const HISTORY_LIMIT = 100;

/** @param onWrite is told of every record that has been written, in their order. */
export function createMemorySagaLog(
  clock: Clock,
  onWrite: (saga: SagaRecord) => void = () => undefined,
): SagaLog {
  const sagas = new Map<string, Stored>();

  const all = () => [...sagas.values()];
  const isoAt = (ms: number) => new Date(ms).toISOString();
  const holding = ({ sagaId, epoch, owner }: Claim): Stored | null => {
    const stored = sagas.get(sagaId);
    return stored?.saga.epoch === epoch && stored.owner === owner ? stored : null;
  };

  function put(stored: Stored, saga: SagaRecord): SagaRecord {
    stored.saga = { ...saga, history: saga.history.slice(-HISTORY_LIMIT) };
    onWrite(stored.saga);
    return stored.saga;
  }

  function entries(events: readonly LoggedEvent[], epoch: number): readonly HistoryEntry[] {
    return events.map(({ type, step, detail, atMs }) => ({
      at: isoAt(atMs),
      epoch,
      type,
      step,
      detail,
    }));
  }

  function insert({ notBeforeMs = 0, ...given }: NewSaga): {
    status: 'inserted' | 'exists';
    saga: SagaRecord;
  } {
    const holder = all().find(({ saga }) => saga.open && saga.key === given.key);
    if (holder !== undefined) return { status: 'exists', saga: holder.saga };
    const nowMs = clock.nowMs();
    const saga: SagaRecord = {
      ...given,
      input: JSON.parse(JSON.stringify(given.input)),
      open: true,
      revision: 1,
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
      dueMs: notBeforeMs,
      relayMs: Math.max(nowMs, notBeforeMs) + FIRST_RELAY_LOOK_MS,
      writeIds: new Set(),
    };
    sagas.set(given.id, stored);
    return { status: 'inserted', saga: put(stored, saga) };
  }

  function claim(sagaId: SagaId, request: ClaimRequest): ClaimResult {
    const stored = sagas.get(sagaId);
    if (stored === undefined) return { status: 'at-rest', saga: null };
    const { saga, owner, leaseUntilMs, dueMs } = stored;
    if (owner === request.owner) return { status: 'claimed', saga };
    if (isAtRest(saga.state.phase)) return { status: 'at-rest', saga };
    if (!request.runnable.includes(pinnedId(saga.kind, saga.version))) {
      return { status: 'no-such-version' };
    }
    const nowMs = clock.nowMs();
    const { beginning } = request;
    const fits =
      beginning === undefined || (beginning.base.revision === saga.revision && saga.epoch === 0);
    if (leaseUntilMs > nowMs || dueMs > nowMs || !fits) {
      return leaseUntilMs >= dueMs
        ? { status: 'busy', retryAtMs: leaseUntilMs }
        : { status: 'not-due', retryAtMs: dueMs };
    }
    return { status: 'claimed', saga: take(stored, request, nowMs) };
  }

  function take(stored: Stored, request: ClaimRequest, nowMs: number): SagaRecord {
    const { owner, leaseMs, beginning } = request;
    const { saga } = stored;
    const epoch = saga.epoch + 1;
    stored.owner = owner;
    stored.leaseUntilMs = nowMs + leaseMs;
    const claimed = { type: 'claimed', step: null, detail: null, atMs: nowMs };
    const events = [claimed, ...(beginning?.events ?? [])];
    return put(stored, {
      ...saga,
      epoch,
      revision: saga.revision + 1,
      state: beginning?.state ?? saga.state,
      history: [...saga.history, ...entries(events, epoch)],
    });
  }

  function commit(order: LogWrite): CommitResult {
    const { claim: claimed, base, writeId } = order;
    const stored = sagas.get(claimed.sagaId);
    if (stored?.writeIds.has(writeId)) return { status: 'landed', saga: stored.saga };
    const held = holding(claimed);
    if (held === null) return { status: 'fenced' };
    if (held.saga.revision !== base.revision) return { status: 'conflict', saga: held.saga };
    return { status: 'landed', saga: write(held, order) };
  }

  function write(
    stored: Stored,
    { base, state, result, events, writeId }: Omit<LogWrite, 'claim' | 'durability'>,
  ): SagaRecord {
    const hasEnded = isEnded(state.phase);
    if (state.notBeforeMs !== stored.saga.state.notBeforeMs) stored.dueMs = state.notBeforeMs ?? 0;
    if (isAtRest(state.phase)) stored.leaseUntilMs = 0;
    stored.writeIds.add(writeId);
    return put(stored, {
      ...stored.saga,
      state,
      revision: base.revision + 1,
      open: !hasEnded,
      result: hasEnded ? result : stored.saga.result,
      finishedAt: hasEnded ? isoAt(events.at(-1)?.atMs ?? clock.nowMs()) : stored.saga.finishedAt,
      history: [...stored.saga.history, ...entries(events, stored.saga.epoch)],
    });
  }

  function intervene(order: Intervention): InterventionResult {
    const { base, state, result = null, event, writeId } = order;
    const stored = sagas.get(base.id);
    if (stored === undefined) throw new RangeError(`no saga ${base.id}`);
    if (stored.writeIds.has(writeId)) return { status: 'landed', saga: stored.saga };
    if (stored.saga.revision !== base.revision) return { status: 'conflict', saga: stored.saga };
    const events = [{ ...event, atMs: clock.nowMs() }];
    return { status: 'landed', saga: write(stored, { base, state, result, events, writeId }) };
  }

  function takeOverdue({ limit, holdMs }: { limit: number; holdMs: number }) {
    const nowMs = clock.nowMs();
    const overdue = all()
      .filter(({ saga, ...at }) => {
        const isDue = at.relayMs <= nowMs && at.dueMs <= nowMs && at.leaseUntilMs <= nowMs;
        return saga.open && isDue && saga.state.phase !== 'stuck';
      })
      .slice(0, limit);
    for (const stored of overdue) stored.relayMs = nowMs + holdMs;
    return overdue.map(({ saga: { id, kind } }) => ({ id, kind }));
  }

  const newestFirst = () =>
    all()
      .map(({ saga }) => saga)
      .sort((a, b) => compare(placeOf(b), placeOf(a)));

  return {
    insert: async (saga) => insert(saga),
    claim: async (sagaId, request) => claim(sagaId, request),
    commit: async (order) => commit(order),
    intervene: async (order) => intervene(order),
    renew: async (claims, leaseMs) => {
      for (const one of claims) {
        const held = holding(one);
        if (held !== null && held.leaseUntilMs > 0) held.leaseUntilMs = clock.nowMs() + leaseMs;
      }
    },
    release: async (one) => {
      const held = holding(one);
      if (held === null) return null;
      held.leaseUntilMs = 0;
      return held.dueMs;
    },
    holds: async (one) => holding(one)?.saga.open === true,
    prove: async (one) => holding(one)?.saga.open === true,
    noteRunnable: async (runnable) => {
      for (const stored of all()) {
        const { saga } = stored;
        const isRunnable = runnable.includes(pinnedId(saga.kind, saga.version));
        const since = saga.unrunnableSince ?? isoAt(clock.nowMs());
        if (saga.open) stored.saga = { ...saga, unrunnableSince: isRunnable ? null : since };
      }
    },
    find: async (id) => sagas.get(id)?.saga ?? null,
    findByKey: async (key, limit) =>
      newestFirst()
        .filter((saga) => saga.key === key)
        .sort((a, b) => Number(b.open) - Number(a.open))
        .slice(0, limit),
    openSummary: async () =>
      [...Map.groupBy(all(), ({ saga }) => `${saga.kind} ${saga.state.phase} ${saga.open}`)]
        .flatMap(([, group]) => group.slice(0, 1).map(({ saga }) => ({ saga, group })))
        .filter(({ saga }) => saga.open)
        .map(({ saga: { kind, state }, group }) => ({
          kind,
          phase: state.phase,
          count: group.length,
          inDoubt: group.filter(({ saga }) =>
            saga.state.steps.some(({ status }) => status === 'in-doubt'),
          ).length,
          oldestSeconds: 0,
          waitingSeconds: 0,
        })),
    findHolders: async (keys) =>
      new Map(
        all().flatMap(({ saga: { open, key, id } }) =>
          open && keys.includes(key) ? [[key, id] as const] : [],
        ),
      ),
    list: async (filter) => list(newestFirst(), filter),
    takeOverdue: async (options) => takeOverdue(options),
    findRevisions: async (ids) =>
      new Map(
        ids.flatMap((id) => {
          const saga = sagas.get(id)?.saga;
          if (saga === undefined) return [];
          const { revision, unrunnableSince } = saga;
          return [[id, { revision, unrunnableSince }] as const];
        }),
      ),
    findStates: async (ids) =>
      new Map(
        ids.flatMap((id) => {
          const found = sagas.get(id);
          return found === undefined ? [] : [[id, { open: found.saga.open }] as const];
        }),
      ),
  };
}

function list(sagas: readonly SagaRecord[], filter: SagaFilter) {
  const { subject, phases, kind, anyOf, limit, cursor } = filter;
  const after = cursor === undefined ? null : placeIn(cursor);
  const found = sagas.filter(
    (saga) =>
      (subject === undefined || saga.subject === subject) &&
      (phases?.includes(saga.state.phase) ?? true) &&
      (kind === undefined || saga.kind === kind) &&
      (anyOf?.some((trait) => hasTrait(saga, trait)) ?? true) &&
      (after === null || compare(placeOf(saga), after) < 0),
  );
  const last = found.length > limit ? found[limit - 1] : undefined;
  const nextCursor = last && Buffer.from(placeOf(last)).toString('base64url');
  return { sagas: found.slice(0, limit), nextCursor: nextCursor ?? null };
}

function hasTrait({ id, subject, input }: SagaRecord, { of, value }: SagaTrait): boolean {
  if (of === 'id') return id === value;
  return of === 'subject' ? subject === value : Reflect.get(Object(input), 'instanceId') === value;
}

/** Where a saga stands in a list: its moment, then its id. */
function placeOf({ createdAt, id }: SagaRecord): string {
  return `${createdAt} ${id}`;
}

function placeIn(cursor: string): string {
  const place = Buffer.from(cursor, 'base64url').toString('utf8');
  const [at = '', id] = place.split(' ');
  if (Number.isNaN(Date.parse(at)) || parseSagaId(id) === undefined) throw new BadCursorError();
  return place;
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
