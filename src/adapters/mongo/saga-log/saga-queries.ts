// Reads of the log. Polling reads majority-committed states only, so that nothing is shown that could be
// taken back (I9).

import { BadCursorError } from '../../../domain/bad-cursor.ts';
import type { SagaId } from '../../../domain/ids.ts';
import type { OverdueSaga, SagaFilter, SagaPage } from '../../../saga/ports/saga-log.ts';
import type { SagaRecord } from '../../../saga/record.ts';
import { runRepeatable } from '../mongo-errors.ts';
import { type LogContext, OPERATION_TIMEOUT_MS } from './log-context.ts';
import { type SagaDocument, toRecord } from './saga-document.ts';

const COMMITTED = {
  readConcern: { level: 'majority' },
  timeoutMS: OPERATION_TIMEOUT_MS,
} as const;

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

/** The open one first, then the newest ended ones. */
export async function findByKey(
  { sagas }: LogContext,
  key: string,
  limit: number,
): Promise<readonly SagaRecord[]> {
  const found = await runRepeatable(() =>
    sagas.find({ key }, { ...COMMITTED, sort: { open: -1, createdAt: -1 }, limit }).toArray(),
  );
  return found.map(toRecord);
}

export async function listSagas({ sagas }: LogContext, filter: SagaFilter): Promise<SagaPage> {
  const { subject, phases, kind, limit, cursor } = filter;
  const after = cursor === undefined ? null : decodeCursor(cursor);
  const query = {
    ...(subject !== undefined && { subject }),
    ...(phases !== undefined && { 'state.phase': { $in: [...phases] } }),
    ...(kind !== undefined && { kind }),
    ...(after !== null && {
      $or: [
        { createdAt: { $lt: after.createdAt } },
        { createdAt: after.createdAt, _id: { $lt: after.id } },
      ],
    }),
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

/** Takes what is overdue for `holdMs`: two relays never work on one. */
export async function takeOverdue(
  { sagas, clock }: LogContext,
  { limit, holdMs }: { readonly limit: number; readonly holdMs: number },
): Promise<readonly OverdueSaga[]> {
  return runRepeatable(async () => {
    const now = new Date(clock.nowMs());
    const found = await sagas
      .find(
        {
          open: true,
          relayAt: { $lte: now },
          dueAt: { $lte: now },
          'state.phase': { $ne: 'stuck' },
          $or: [{ leaseUntil: null }, { leaseUntil: { $lte: now } }],
        },
        {
          projection: { kind: 1 },
          sort: { relayAt: 1 },
          limit,
          timeoutMS: OPERATION_TIMEOUT_MS,
        },
      )
      .toArray();
    if (found.length === 0) return [];
    await sagas.updateMany(
      { _id: { $in: found.map(({ _id }) => _id) } },
      { $set: { relayAt: new Date(now.getTime() + holdMs) } },
      { timeoutMS: OPERATION_TIMEOUT_MS },
    );
    return found.map(({ _id, kind }) => ({ id: _id as SagaId, kind }));
  });
}

export async function findStates(
  { sagas }: LogContext,
  ids: readonly SagaId[],
): Promise<ReadonlyMap<SagaId, { readonly open: boolean }>> {
  if (ids.length === 0) return new Map();
  const found = await runRepeatable(() =>
    sagas.find({ _id: { $in: [...ids] } }, { ...COMMITTED, projection: { open: 1 } }).toArray(),
  );
  return new Map(found.map(({ _id, open }) => [_id as SagaId, { open }]));
}

/** @throws BadCursorError for a cursor that no page gave out. */
function decodeCursor(cursor: string): { createdAt: Date; id: string } {
  const [time, id] = Buffer.from(cursor, 'base64url').toString('utf8').split(' ');
  const createdAt = new Date(Number(time));
  if (id === undefined || Number.isNaN(createdAt.getTime())) throw new BadCursorError();
  return { createdAt, id };
}

function encodeCursor({ createdAt, _id }: SagaDocument): string {
  return Buffer.from(`${createdAt.getTime()} ${_id}`).toString('base64url');
}
