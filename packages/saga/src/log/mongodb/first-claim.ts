// What a saga's first claim adds to its history, whether it comes with the acceptance or after it.

import { FIRST_EPOCH, type FirstClaim } from '../saga-log.ts';
import type { HistoryDocument } from './saga-document.ts';

type Given = Pick<FirstClaim, 'owner' | 'events'>;

export function firstEntries(claim: Given, at: Date): HistoryDocument[] {
  const { owner: writeId } = claim;
  const claimed = { at, epoch: FIRST_EPOCH, type: 'claimed', step: null, detail: null, writeId };
  return [claimed, ...beginningEntries(claim)];
}

export function beginningEntries({ owner, events }: Given): HistoryDocument[] {
  return events.map(({ type, step, detail, atMs }) => {
    return { at: new Date(atMs), epoch: FIRST_EPOCH, type, step, detail, writeId: owner };
  });
}
