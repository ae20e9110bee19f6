// What is written instead of events that the log cannot hold: a capture or a result that the database has no form
// for, or that makes the record too large. The saga is stuck, visibly and with the reason (I1); what the events
// reported of the world is observed again when it is resumed.

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
