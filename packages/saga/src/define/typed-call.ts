// The adapter between the engine's calls, which carry JSON, and the typed functions of a definition. The types are taken on
// trust here and nowhere else: what a step finds under a name was put there by the step of that name, in the same version
// of the same definition. Where a schema is given, the value is checked when it is read.

import type { TSchema } from 'typebox';
import type { SagaFacts, StepCall } from '../definition.ts';
import type { Json } from '../json.ts';
import { type Stored, stored } from '../run/stored.ts';

/** Of what has a schema; steps by name. */
export interface Readers {
  readonly input: Stored<Json> | null;
  readonly captures: ReadonlyMap<string, Stored<Json>>;
  readonly results: ReadonlyMap<string, Stored<Json>>;
}

export interface StepSchemas {
  readonly captureSchema?: TSchema;
  readonly resultSchema?: TSchema;
}

export function readersOf(inputSchema: TSchema | undefined): Readers {
  const input = inputSchema === undefined ? null : stored<Json>('input', inputSchema);
  return { input, captures: new Map(), results: new Map() };
}

export function withReaders(
  { input, captures, results }: Readers,
  step: string,
  schemas: StepSchemas,
): Readers {
  return {
    input,
    captures: withReader(captures, step, `capture of ${step}`, schemas.captureSchema),
    results: withReader(results, step, `result of ${step}`, schemas.resultSchema),
  };
}

function withReader(
  readers: Readers['captures'],
  step: string,
  name: string,
  schema: TSchema | undefined,
): Readers['captures'] {
  return schema === undefined ? readers : new Map([...readers, [step, stored<Json>(name, schema)]]);
}

/** @param step whose own capture and progress the context shows. */
export function contextOf<Context, Input extends Json>(
  call: StepCall<Input>,
  step: string,
  readers: Readers,
): Context {
  return checkedCall(call, readers, {
    capture: captureOf(call.capture, step, readers),
    progress: call.results[step] ?? null,
  });
}

/** @param own what only the step that the call is for is shown. */
export function checkedCall<Context, Input extends Json>(
  call: StepCall<Input>,
  readers: Readers,
  own: object = {},
): Context {
  const context = {
    ...call,
    ...own,
    captures: checked(call.captures, readers.captures),
    results: checked(call.results, readers.results),
  };
  // When it is read, as captures and results are.
  const get = () => checkedInput(call.input, readers);
  return Object.defineProperty(context, 'input', { enumerable: true, get }) as Context;
}

/** @throws HoldError LOG_UNREADABLE for an input that does not fit its schema. */
export function checkedInput<Input extends Json>(input: Input, readers: Readers): Input {
  return (readers.input?.read(input) ?? input) as Input;
}

export function captureOf<Capture>(capture: Json | null, step: string, { captures }: Readers) {
  const reader = captures.get(step);
  return (reader === undefined ? capture : reader.readOrNull(capture)) as Capture;
}

/** For a pure function of the whole saga, which shows something to people. What it reads is not checked: it also runs where
 * no person could be asked any more, at the saga's end. */
export function typedFacts<Typed, Facts extends SagaFacts<Json>>(facts: Facts): Typed {
  return facts as unknown as Typed;
}

// Each when it is read: a value that is never read stops nothing.
function checked(values: Readonly<Record<string, Json>>, readers: Readers['captures']) {
  if (readers.size === 0) return values;
  const checking = {};
  for (const [name, value] of Object.entries(values)) {
    const get = () => readers.get(name)?.read(value) ?? value;
    Object.defineProperty(checking, name, { enumerable: true, get });
  }
  return checking;
}
