// What a definition derives for a saga as a whole from its steps' captures and results.

import type { SagaFacts } from '../definition.ts';
import type { Json } from '../json.ts';
import type { SagaRecord } from '../log/record.ts';
import type { SagaState } from '../machine/state.ts';
import type { RegisteredSaga } from '../registry.ts';
import { toFailure } from './failure.ts';

type Definition = RegisteredSaga['definition'];

/** What the job shows at its end. */
export function resultOf(
  definition: Definition,
  { input }: Pick<SagaRecord, 'input'>,
  state: SagaState,
): Json | null {
  return definition.result?.(factsOf(input, state)) ?? null;
}

/** What is locked up while the saga is open, in minor units of money; null for a kind that holds no money, and where it cannot
 * be told: one saga must not hide a list of them. */
export function atRisk(
  definition: Definition,
  { input, state }: Pick<SagaRecord, 'input' | 'state'>,
): number | null {
  try {
    return definition.atRisk?.(factsOf(input, state)) ?? null;
  } catch {
    return null;
  }
}

/** What an operator's end of the saga gives back, in lines. */
export function releasesOf(
  definition: Definition,
  { input, state }: Pick<SagaRecord, 'input' | 'state'>,
): readonly string[] {
  try {
    return definition.releases?.(factsOf(input, state)) ?? [];
  } catch (error) {
    return [`what cannot be told: ${toFailure(error).message}`];
  }
}

function factsOf(input: Json, { steps }: SagaState): SagaFacts<Json> {
  const results: Record<string, Json> = {};
  const captures: Record<string, Json> = {};
  for (const { name, value, capture } of steps) {
    if (value !== null) results[name] = value;
    if (capture !== null) captures[name] = capture;
  }
  return { input, results, captures };
}
