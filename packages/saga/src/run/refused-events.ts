// What is written in the place of events that the log cannot hold: a capture or a result that the database has no form
// for, or that makes the record too large. The saga stands still, visibly and with the reason (I1); what the events told
// of the world is observed when it goes on.

import type { HoldError } from '../errors.ts';
import type { SagaEvent } from '../machine/events.ts';
import type { SagaState } from '../machine/state.ts';
import { toFailure } from './failure.ts';

/** @param state what the log holds. */
export function insteadOf(
  { phase, cursor, steps }: SagaState,
  error: HoldError,
  atMs: number,
): readonly SagaEvent[] {
  const failure = { step: cursor, failure: toFailure(error), atMs, retryAtMs: null };
  if (phase === 'compensating') return [{ type: 'compensation-failed', ...failure }];
  const failed: SagaEvent = { type: 'failed', ...failure };
  if (phase !== 'queued') return [failed];
  return [{ type: 'captured-all', captures: steps.map(() => null), atMs }, failed];
}
