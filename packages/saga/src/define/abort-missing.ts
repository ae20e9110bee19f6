// The abort of a pivot that has none. `observe` alone cannot replace it (I6): an attempt that timed out, or that a dead
// worker has left on its way, may land after it was observed to be absent, and the saga would have gone back over an effect
// that cannot be undone. One case is certain: `attempt` is 1 where no attempt was ever in doubt, so the only one there was
// has answered, and its answer was a TerminalError.

import type { Observation, SagaDefinition, StepCall } from '../definition.ts';
import { HoldError } from '../errors.ts';

const CODE = 'ABORT_MISSING';
/** An operator vouches that no earlier attempt can land any more. */
const GO_BACK = 'go-back';

/** @throws HoldError ABORT_MISSING where an earlier attempt may still land. */
export async function abortByObserving<Call extends Pick<StepCall, 'attempt' | 'choice'>>(
  pivot: string,
  observe: (call: Call) => Promise<Observation>,
  call: Call,
): Promise<Observation> {
  const observed = await observe(call);
  if (observed.outcome !== 'absent' || call.attempt === 1 || call.choice === GO_BACK)
    return observed;
  throw new HoldError(
    CODE,
    `${pivot} was tried ${call.attempt} times and failed for good; it is observed absent, but it has no abort, so an ` +
      `earlier attempt may still land: retry with the choice ${GO_BACK} once that is ruled out`,
  );
}

/** The choices of a definition, and this one where the saga is stuck for it. */
export function withGoBack(
  pivot: string,
  choices: SagaDefinition['choices'],
): NonNullable<SagaDefinition['choices']> {
  return (cause) => [
    ...(choices?.(cause) ?? []),
    ...(cause.step === pivot && cause.code === CODE ? [GO_BACK] : []),
  ];
}
