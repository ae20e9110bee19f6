// Reads of the log. Polling reads majority-committed states only, so that nothing is shown that could be
// taken back (I9).

import type { Filter } from 'mongodb';
import { BadCursorError } from '../../errors.ts';
import { isEnded } from '../../machine/state.ts';
import { runRepeatable } from '../../mongodb/mongo-errors.ts';
import { parseSagaId, type SagaId, toSagaId } from '../../saga-id.ts';
import type { SagaRecord } from '../record.ts';
import type { SagaFilter, SagaPage, SagaRevision, SagaTrait } from '../saga-log.ts';
import { COMMITTED, type LogContext } from './log-context.ts';
import { type SagaDocument, toRecord } from './saga-document.ts';
import { inputField } from './saga-log-indexes.ts';

export async function findSagas(
  { sagas }: LogContext,
  ids: readonly SagaId[],
): Promise<(SagaRecord | null)[]> {
  const found = await runRepeatable(() =>
    sagas.find({ _id: { $in: [...new Set(ids)] } }, COMMITTED).toArray(),
  );
  const byId = new Map(found.map((document) => [document._id, toRecord(document)]));
  return ids.map((id) => byId.get(id) ?? null);
}

export async function findRevisions(
  { sagas }: LogContext,
  ids: readonly SagaId[],
): Promise<ReadonlyMap<SagaId, SagaRevision>> {
  if (ids.length === 0) return new Map();
  const found = await runRepeatable(() =>
    sagas.find({ _id: { $in: [...ids] } }, { ...COMMITTED, ...REVISIONS }).toArray(),
  );
  return new Map(
    found.map(({ _id, open, revision, unrunnableSince }) => [
      toSagaId(_id),
      { open, revision, unrunnableSince: unrunnableSince?.toISOString() ?? null },
    ]),
  );
}

const REVISIONS = { projection: { open: 1, revision: 1, unrunnableSince: 1 } } as const;

export interface KeyQuery {
  readonly key: string;
  readonly limit: number;
}

/**
 * Of each key the open one first, then the newest ended ones. One query for all callers at once: a busy API needs this
 * for every deletion that it accepts.
 */
export async function findByKeys(
  context: LogContext,
  queries: readonly KeyQuery[],
): Promise<(readonly SagaRecord[])[]> {
  const [first, ...others] = queries;
  if (first === undefined) return [];
  return runRepeatable(() =>
    others.length === 0
      ? findByKey(context, first).then((found) => [found])
      : findByManyKeys(context, queries),
  );
}

const NEWEST_OF_KEY_FIRST = { key: 1, open: -1, createdAt: -1 } as const;

/** For one key a plain query is half the work. */
async function findByKey({ sagas }: LogContext, { key, limit }: KeyQuery) {
  const options = { ...COMMITTED, sort: NEWEST_OF_KEY_FIRST, limit };
  return (await sagas.find({ key }, options).toArray()).map(toRecord);
}

async function findByManyKeys({ sagas }: LogContext, queries: readonly KeyQuery[]) {
  const n = Math.max(...queries.map(({ limit }) => limit));
  const found = await sagas
    .aggregate<{ _id: string; newest: SagaDocument[] }>(
      [
        { $match: { key: { $in: [...new Set(queries.map(({ key }) => key))] } } },
        { $sort: NEWEST_OF_KEY_FIRST },
        { $group: { _id: '$key', newest: { $firstN: { n, input: '$$ROOT' } } } },
      ],
      COMMITTED,
    )
    .toArray();
  const byKey = new Map(found.map(({ _id, newest }) => [_id, newest]));
  return queries.map(({ key, limit }) => (byKey.get(key) ?? []).slice(0, limit).map(toRecord));
}

export async function findHolders(
  { sagas }: LogContext,
  keys: readonly string[],
): Promise<ReadonlyMap<string, SagaId>> {
  if (keys.length === 0) return new Map();
  const found = await runRepeatable(() =>
    sagas
      .find({ key: { $in: [...keys] }, open: true }, { ...COMMITTED, projection: { key: 1 } })
      .toArray(),
  );
  return new Map(found.map(({ _id, key }) => [key, toSagaId(_id)]));
}

export async function listSagas({ sagas }: LogContext, filter: SagaFilter): Promise<SagaPage> {
  const { subject, phases, kind, anyOf, limit, cursor } = filter;
  const after = cursor === undefined ? null : decodeCursor(cursor);
  const query = {
    ...(subject !== undefined && { subject }),
    ...(phases !== undefined && { 'state.phase': { $in: [...phases] } }),
    // Restricts nothing, but an index of the open ones serves it.
    ...(phases?.every((phase) => !isEnded(phase)) && { open: true }),
    ...(kind !== undefined && { kind }),
    $and: [anyOfTraits(anyOf), isAfter(after)],
  };
  const found = await runRepeatable(() =>
    sagas
      .find(query, { ...COMMITTED, sort: { createdAt: -1, _id: -1 }, limit: limit + 1 })
      .toArray(),
  );
  const page = found.slice(0, limit);
  const last = found.length > limit ? page.at(-1) : undefined;
  return { sagas: page.map(toRecord), nextCursor: last === undefined ? null : encodeCursor(last) };
}

// Branches of one `$or`, each sorted by its own index: the database merges them.
function anyOfTraits(anyOf: readonly SagaTrait[] | undefined): Filter<SagaDocument> {
  if (anyOf === undefined) return {};
  if (anyOf.length === 0) return { _id: { $in: [] } };
  return { $or: anyOf.map((trait) => ({ [fieldOf(trait)]: trait.value })) };
}

function fieldOf(trait: SagaTrait): string {
  if (trait.of === 'input') return inputField(trait.field);
  return trait.of === 'id' ? '_id' : 'subject';
}

function isAfter(after: { readonly createdAt: Date; readonly id: string } | null) {
  if (after === null) return {};
  const { createdAt, id } = after;
  return { $or: [{ createdAt: { $lt: createdAt } }, { createdAt, _id: { $lt: id } }] };
}

/** @throws BadCursorError for a cursor that no page gave out. */
function decodeCursor(cursor: string): { createdAt: Date; id: string } {
  const [time = '', text] = Buffer.from(cursor, 'base64url').toString('utf8').split(' ');
  const id = parseSagaId(text);
  if (id === undefined || !/^\d{1,15}$/.test(time)) throw new BadCursorError();
  return { createdAt: new Date(Number(time)), id };
}

function encodeCursor({ createdAt, _id }: SagaDocument): string {
  return Buffer.from(`${createdAt.getTime()} ${_id}`).toString('base64url');
}
