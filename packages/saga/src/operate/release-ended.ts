// The release of what a saga holds outside, once an order has ended it: by the process of the order at once, and by the
// relay where that has died or failed. A lock that stayed, or a payment that no book has, would be nobody's (I1, I10).

import { FencedError, HoldError, TerminalError, UnavailableError } from '../errors.ts';
import type { SagaRecord } from '../log/record.ts';
import type { SagaLog } from '../log/saga-log.ts';
import type { RegisteredSaga, Registry } from '../registry.ts';
import type { Clock } from '../run/clock.ts';
import { withDeadline } from '../run/deadline.ts';
import { callOf } from '../run/step-call.ts';

export interface ReleaseDeps {
  readonly log: Pick<SagaLog, 'noteReleased'>;
  readonly registry: Registry;
  readonly clock: Clock;
}

/** The outside world may hold the saga's lock for a moment longer than the saga is open, but not for ever. */
const RELEASE_TIMEOUT_MS = 10_000;

export function owesRelease({ definition }: RegisteredSaga): boolean {
  return definition.release !== undefined;
}

/** Repeatable. @throws what the release throws; what no repetition helps is not tried again. */
export async function releaseEnded(deps: ReleaseDeps, record: SagaRecord): Promise<void> {
  const registered = deps.registry.find(record.kind, record.version);
  // A process of its version does it.
  if (registered === undefined || !owesRelease(registered)) return;
  try {
    await release(deps, registered, record);
  } catch (error) {
    if (isHopeless(error)) await deps.log.noteReleased(record.id);
    throw error;
  }
  await deps.log.noteReleased(record.id);
}

function release(
  { clock }: ReleaseDeps,
  { definition }: RegisteredSaga,
  record: SagaRecord,
): Promise<void> {
  const fence = async () => undefined;
  const work = (signal: AbortSignal) => {
    const context = { definition, record, signal, clock, random: Math.random, fence };
    const call = callOf({ ...context, fencedWrite: fence }, record.state.cursor, signal);
    return Promise.resolve(definition.release?.(call));
  };
  return withDeadline(work, {
    ms: RELEASE_TIMEOUT_MS,
    late: () => new UnavailableError('RELEASE_LATE', 'the lock was not released in time'),
  });
}

/** It is another's by now, or a person's. */
function isHopeless(error: unknown): boolean {
  return (
    error instanceof FencedError || error instanceof HoldError || error instanceof TerminalError
  );
}
