// Sagas as an operator goes through them: what is stuck, what goes back, what is under way, then what has ended, each
// newest first. The log knows no such order, so its lists are put one after the other; a cursor names in which of them
// the page before ended, and where.

import { BadCursorError } from '../errors.ts';
import type { SagaRecord } from '../log/record.ts';
import type { SagaFilter, SagaPage } from '../log/saga-log.ts';
import type { Phase } from '../machine/state.ts';
import type { Sagas } from '../sagas.ts';

const STAGES: readonly (readonly Phase[])[] = [
  ['stuck'],
  ['compensating'],
  ['running', 'queued'],
  ['completed', 'compensated', 'cancelled'],
];

/** @throws BadCursorError for a cursor that no page gave out. */
export async function listUrgentFirst(
  sagas: Pick<Sagas, 'list'>,
  { limit, cursor, phases, ...filter }: SagaFilter,
): Promise<SagaPage> {
  const stages = STAGES.map((stage) =>
    stage.filter((phase) => phases === undefined || phases.includes(phase)),
  );
  let place: Place | null = cursor === undefined ? { stage: 0 } : placeIn(cursor);
  const found: SagaRecord[] = [];
  while (place !== null && found.length < limit) {
    const stage: readonly Phase[] = stages[place.stage] ?? [];
    const page: SagaPage = await listStage(sagas, stage, {
      ...filter,
      limit: limit - found.length,
      ...(place.cursor === undefined ? {} : { cursor: place.cursor }),
    });
    found.push(...page.sagas);
    place = nextPlace(place, page.nextCursor);
  }
  return { sagas: found, nextCursor: place === null ? null : cursorOf(place) };
}

interface Place {
  readonly stage: number;
  readonly cursor?: string;
}

async function listStage(
  sagas: Pick<Sagas, 'list'>,
  phases: readonly Phase[],
  filter: SagaFilter,
): Promise<SagaPage> {
  if (phases.length === 0) return { sagas: [], nextCursor: null };
  return sagas.list({ ...filter, phases });
}

function nextPlace({ stage }: Place, nextCursor: string | null): Place | null {
  if (nextCursor !== null) return { stage, cursor: nextCursor };
  return stage + 1 < STAGES.length ? { stage: stage + 1 } : null;
}

const MARK = '~';

function cursorOf({ stage, cursor = '' }: Place): string {
  return `${stage}${MARK}${cursor}`;
}

function placeIn(text: string): Place {
  const [stage = '', cursor, ...more] = text.split(MARK);
  if (!/^[0-3]$/.test(stage) || cursor === undefined || more.length > 0) throw new BadCursorError();
  return { stage: Number(stage), ...(cursor === '' ? {} : { cursor }) };
}
