// How a definition is written: a chain that knows, at each step, the input and what the steps before it captured and
// returned. Each call gives a new value, and each value is a SagaDefinition. I6 is in the types: nothing compensatable can
// be written after the pivot.

import type { TSchema } from 'typebox';
import type { SagaDefinition, SagaFacts, StepCall, StepDefinition } from '../definition.ts';
import type { Json } from '../json.ts';
import type { StoredOf } from '../run/stored.ts';
import { withGoBack } from './abort-missing.ts';
import type { ResultOf } from './outcome.ts';
import type {
  CompensatableOptions,
  HoldOptions,
  PivotOptions,
  RetriableOptions,
  TypedFacts,
} from './step-options.ts';
import { compensatableStep, pivotStep, retriableStep } from './steps.ts';
import type { IsEmpty, Something, Storable } from './storable.ts';
import {
  checkedCall,
  checkedInput,
  type Readers,
  readersOf,
  type StepSchemas,
  typedFacts,
  withReaders,
} from './typed-call.ts';

export interface SagaOptions<Input extends Json, Later extends CaptureSchemas = NoSchemas>
  extends Pick<
    SagaDefinition<Input>,
    'queue' | 'fairnessKey' | 'idPrefix' | 'searchBy' | 'preemptibleWithinMs' | 'choices'
  > {
  /** Unique while a saga is open: two requests with one key get one saga (I8). The type of its parameter is the input. */
  readonly key: (input: Input) => string;
  /** What an input must look like. One that does not fit is refused before it is stored; found in the log, it stops the saga
   * for a person. */
  readonly inputSchema?: TSchema;
  /** Raised when the steps change: open sagas end on the version that they began with. Default: 1. */
  readonly version?: number;
  /** Captures that steps read before the step of that name: all captures are taken before the first effect. One that could
   * not be read yet is missing. */
  readonly laterCaptures?: Later;
}

export type CaptureSchemas = Readonly<Record<string, TSchema>>;
type NoSchemas = Readonly<Record<never, never>>;

/** Past the point of no return: every step from here on only goes forward. */
export interface Saga<Input extends Json, Captures, Results, End extends Json = Json>
  extends SagaDefinition<Input, End> {
  retriable<
    const Name extends string,
    Returned extends Storable<Returned>,
    BestEffort extends boolean = false,
  >(
    name: Name,
    options: RetriableOptions<Input, Captures, Results, Returned, BestEffort>,
  ): Saga<Input, Captures, WithResult<Results, Name, Returned, BestEffort>, End>;
  /** What the job shows at its end, whichever end it is: results of steps that did not run are missing. Pure. */
  returns<NewEnd extends Json>(
    result: (facts: TypedFacts<Input, Captures, Results>) => NewEnd,
  ): Saga<Input, Captures, Results, NewEnd>;
  holds(options: HoldOptions<Input, Captures, Results>): Saga<Input, Captures, Results, End>;
}

/** Before the point of no return. */
export interface OpenSaga<Input extends Json, Captures, Results, End extends Json = Json>
  extends Saga<Input, Captures, Results, End> {
  compensatable<
    const Name extends string,
    Capture extends Storable<Capture> & Announced<Captures, Name>,
    Returned extends Storable<Returned>,
  >(
    name: Name,
    options: CompensatableOptions<Input, Captures, Results, Capture, Returned>,
  ): OpenSaga<
    Input,
    Simplify<Captures & { readonly [Key in Name]: Capture }>,
    WithResult<Results, Name, Returned, false>,
    End
  >;
  pivot<const Name extends string, Returned extends Storable<Returned>>(
    name: Name,
    options: PivotOptions<Input, Captures, Results, Returned>,
  ): Saga<Input, Captures, WithResult<Results, Name, Returned, false>>;
}

/** @param name stored with every saga: it cannot change while sagas of it are open or kept. */
export function saga<Input extends Json, Later extends CaptureSchemas = NoSchemas>(
  name: string,
  { version = 1, inputSchema, laterCaptures, ...options }: SagaOptions<Input, Later>,
): OpenSaga<Input, CapturesOf<Later>, Empty> {
  const readers = readersOf(inputSchema);
  const key = (input: Input) => options.key(checkedInput(input, readers));
  const known = Object.entries(laterCaptures ?? {}).reduce(
    (all, [step, captureSchema]) => withReaders(all, step, { captureSchema }),
    readers,
  );
  return chain({ ...options, key, name, version, steps: [] }, known);
}

function chain<Input extends Json, Captures, Results, End extends Json>(
  definition: SagaDefinition<Input, End>,
  readers: Readers,
): OpenSaga<Input, Captures, Results, End> {
  const withParts = <NewCaptures = Captures, NewResults = Results>(
    parts: Partial<SagaDefinition<Input, End>>,
    known: Readers = readers,
  ) => chain<Input, NewCaptures, NewResults, End>({ ...definition, ...parts }, known);
  const withStep = <NewCaptures, NewResults>(
    name: string,
    schemas: StepSchemas,
    stepOf: (known: Readers) => StepDefinition<Input>,
    parts: Partial<SagaDefinition<Input, End>> = {},
  ) => {
    const known = withReaders(readers, name, schemas);
    const steps = [...definition.steps, stepOf(known)];
    return withParts<NewCaptures, NewResults>({ ...parts, steps }, known);
  };
  return {
    ...definition,
    compensatable: (name, options) =>
      withStep(name, options, (known) => compensatableStep(name, options, known)),
    pivot: (name, options) => {
      const isAbortable = options.abort !== undefined;
      const parts = isAbortable ? {} : { choices: withGoBack(name, definition.choices) };
      return withStep(name, options, (known) => pivotStep(name, options, known), parts);
    },
    retriable: (name, options) =>
      withStep(name, options, (known) => retriableStep(name, options, known)),
    returns: (result) =>
      chain({ ...definition, result: (facts) => result(typedFacts(facts)) }, readers),
    holds: ({ fenceEffects, release, releases, atRisk }) =>
      withParts({
        release: async (call) => release(checkedCall(call, readers)),
        atRisk: (facts) => atRisk(typedFacts(facts)),
        ...(releases !== undefined && {
          releases: (facts: SagaFacts<Input>) => releases(typedFacts(facts)),
        }),
        ...(fenceEffects !== undefined && {
          fenceEffects: async (call: StepCall<Input>) => fenceEffects(checkedCall(call, readers)),
        }),
      }),
  };
}

type Empty = Readonly<Record<never, never>>;

type CapturesOf<Later extends CaptureSchemas> = {
  readonly [Name in keyof Later]?: StoredOf<Later[Name]>;
};
/** What `laterCaptures` says that the step of this name captures. */
type Announced<Captures, Name extends string> = Name extends keyof Captures
  ? Exclude<Captures[Name], undefined>
  : unknown;
type Simplify<T> = { [Key in keyof T]: T[Key] };

type WithResult<Results, Name extends string, Returned, BestEffort extends boolean> = Simplify<
  Results & Result<Name, ResultOf<Returned>, BestEffort>
>;

/** A step that was skipped, or returned nothing, has no result. */
type Result<Name extends string, Value, BestEffort extends boolean> = true extends
  | BestEffort
  | IsEmpty<Value>
  ? { readonly [Key in Name]?: Something<Value> }
  : { readonly [Key in Name]: Value };
