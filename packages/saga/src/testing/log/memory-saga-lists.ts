// Lists of the records of a saga log in memory, in the order and the pages of the real one.

import { BadCursorError } from '../../errors.ts';
import type { SagaRecord } from '../../log/record.ts';
import type { SagaFilter, SagaPage, SagaTrait } from '../../log/saga-log.ts';
import { parseSagaId } from '../../saga-id.ts';

export function pageOf(newestFirst: readonly SagaRecord[], filter: SagaFilter): SagaPage {
  const { subject, phases, kind, anyOf, limit, cursor } = filter;
  const after = cursor === undefined ? null : placeIn(cursor);
  const found = newestFirst.filter(
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

function hasTrait({ id, subject, input }: SagaRecord, trait: SagaTrait): boolean {
  if (trait.of === 'input') return Reflect.get(Object(input), trait.field) === trait.value;
  return (trait.of === 'id' ? id : subject) === trait.value;
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

export function sortNewestFirst(sagas: readonly SagaRecord[]): readonly SagaRecord[] {
  return sagas.toSorted((a, b) => compare(placeOf(b), placeOf(a)));
}
