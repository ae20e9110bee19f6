// What is written where a saga cannot go on, whatever it was about to do: its log cannot hold what happened (a capture or
// a result that the database has no form for, or that makes the record too large), its definition makes no result of it
// at its end, or its fence cannot be raised. The saga is stuck, visibly and with the reason (I1); what was not written
// is observed again when it is resumed.

import { HoldError, type TerminalError } from '../errors.ts';
import type { SagaEvent } from '../machine/events.ts';
import type { SagaState } from '../machine/state.ts';
import { toFailure } from './failure.ts';

/** @param state what the log holds. */
export function insteadOf(
  { phase, cursor, steps }: SagaState,
  { code, message }: HoldError | TerminalError,
  atMs: number,
): readonly SagaEvent[] {
  // A person decides: nothing may be undone by a worker whose fence is down.
  const failure = toFailure(new HoldError(code, message));
  const stopped = { step: cursor, failure, atMs, retryAtMs: null };
  if (phase === 'compensating') return [{ type: 'compensation-failed', ...stopped }];
  const failed: SagaEvent = { type: 'failed', ...stopped };
  if (phase !== 'queued') return [failed];
  return [{ type: 'captured-all', captures: steps.map(() => null), atMs }, failed];
}
