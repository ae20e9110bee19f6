// What an accepted write makes of a saga's record, whatever a log stores beside it: the log in MongoDB knows it without a
// read, because the record that the write was made from is its condition, and the log in memory has nothing else.

import { isEnded } from '../machine/state.ts';
import type { HistoryEntry, SagaRecord } from './record.ts';
import type { FirstClaim, Intervention, LoggedEvent, LogWrite } from './saga-log.ts';

/** A saga of six steps writes a dozen entries; retries must not let a record grow without end. */
export const HISTORY_LIMIT = 100;

export type RecordChange = Pick<LogWrite, 'base' | 'state' | 'result' | 'writeId'> &
  Pick<Intervention, 'fences'>;

export function writtenRecord(
  { base, state, result, writeId, fences = false }: RecordChange,
  entries: readonly HistoryEntry[],
): SagaRecord {
  const hasEnded = isEnded(state.phase);
  return {
    ...base,
    state,
    revision: base.revision + 1,
    epoch: fences ? base.epoch + 1 : base.epoch,
    writeId,
    open: !hasEnded,
    result: hasEnded ? result : base.result,
    finishedAt: hasEnded ? (entries.at(-1)?.at ?? null) : base.finishedAt,
    history: [...base.history, ...entries].slice(-HISTORY_LIMIT),
  };
}

/** Under the next epoch; a claim is the write that its owner names. */
export function claimedRecord(
  base: SagaRecord,
  claim: Pick<FirstClaim, 'owner' | 'events'>,
  atMs: number,
): SagaRecord {
  const epoch = base.epoch + 1;
  const entries = historyOf(eventsOfClaim(claim, atMs), epoch, claim.owner);
  const history = [...base.history, ...entries].slice(-HISTORY_LIMIT);
  return { ...base, epoch, writeId: claim.owner, history };
}

/** What a saga's first claim adds to its history, whether it comes with the acceptance or after it. */
export function eventsOfClaim(
  { events }: Pick<FirstClaim, 'events'>,
  atMs: number,
): readonly LoggedEvent[] {
  return [{ type: 'claimed', step: null, detail: null, atMs }, ...events];
}

/** The events of one write, as the history keeps them. */
export function historyOf(
  events: readonly LoggedEvent[],
  epoch: number,
  writeId: string,
): readonly HistoryEntry[] {
  return events.map(({ atMs, ...event }) => {
    return { at: new Date(atMs).toISOString(), epoch, ...event, writeId };
  });
}
