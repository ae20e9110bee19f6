// Small definitions for the engine: steps whose effects are counted in a collection, so that a test sees what
// happened in the world and not only what the log says of it.

import type { Connection, mongo } from 'mongoose';
import type {
  CompensatableStep,
  Observation,
  PivotStep,
  RetriableStep,
  SagaDefinition,
  StepCall,
  StepDefinition,
} from '../../src/definition.ts';
import { createTestSagaLog } from './saga-log.ts';

/** Makes the database ready for engines too. */
export async function createSagaWorld(connection: Connection): Promise<SagaWorld> {
  await createTestSagaLog(connection);
  if (connection.db === undefined) throw new Error('the test connection is not open');
  const effects = connection.db.collection<Effect>('effects');
  const order: string[] = [];
  const keyOf = (step: string, { sagaId }: Pick<StepCall, 'sagaId'>) => `${sagaId}/${step}`;
  const change = async (
    step: string,
    call: StepCall,
    by: Partial<Record<keyof Effect, number>>,
  ) => {
    await effects.updateOne(
      { _id: keyOf(step, call) },
      { $inc: by } as mongo.UpdateFilter<Effect>,
      {
        upsert: true,
        writeConcern: { w: 'majority' },
      },
    );
  };
  const read = async (step: string, sagaId: string) => {
    const { done = 0, undone = 0 } = (await effects.findOne({ _id: `${sagaId}/${step}` })) ?? {};
    return { done, undone };
  };
  return {
    order,
    read,
    act: async (step, call) => {
      order.push(`do ${step}`);
      await change(step, call, { done: 1 });
    },
    undo: async (step, call) => {
      order.push(`undo ${step}`);
      await change(step, call, { undone: 1 });
    },
    observe: async (step, { sagaId }) => {
      order.push(`see ${step}`);
      const { done, undone } = await read(step, sagaId);
      return done > undone ? { outcome: 'landed' } : { outcome: 'absent' };
    },
  };
}

interface Effect {
  _id: string;
  done: number;
  undone: number;
}

export interface SagaWorld {
  /** What happened, in its order: `do a`, `see a`, `undo a`. */
  readonly order: readonly string[];
  act(step: string, call: StepCall): Promise<void>;
  undo(step: string, call: StepCall): Promise<void>;
  observe(step: string, call: StepCall): Promise<Observation>;
  /** How often the effect was done and undone. */
  read(step: string, sagaId: string): Promise<{ readonly done: number; readonly undone: number }>;
}

const RETRY = { attempts: 3, baseMs: 1, capMs: 2 } as const;

/** Steps that do their effect in the world, but for what a test gives them instead. */
export function stepsOf(world: SagaWorld) {
  const base = (name: string) => ({
    name,
    retry: RETRY,
    timeoutMs: 5_000,
    run: async (call: StepCall) => {
      await world.act(name, call);
      return { value: `${name} done` };
    },
    observe: (call: StepCall) => world.observe(name, call),
  });
  return {
    undoable: (name: string, given: Partial<CompensatableStep> = {}): CompensatableStep => ({
      ...base(name),
      kind: 'compensatable',
      capture: async () => `before ${name}`,
      compensate: (call) => world.undo(name, call).then(() => undefined),
      compensateRetry: RETRY,
      ...given,
    }),
    pivot: (name: string, given: Partial<PivotStep> = {}): PivotStep => ({
      ...base(name),
      kind: 'pivot',
      abort: (call) => world.observe(name, call),
      ...given,
    }),
    retriable: (name: string, given: Partial<RetriableStep> = {}): RetriableStep => ({
      ...base(name),
      kind: 'retriable',
      ...given,
    }),
  };
}

export function sagaOf(
  steps: readonly StepDefinition[],
  given: Partial<SagaDefinition> = {},
): SagaDefinition {
  return {
    name: 'test-saga',
    version: 1,
    key: (input) => JSON.stringify(input),
    steps,
    ...given,
  };
}

/** Fails with the errors given, one a call, then lets the rest through. */
export function failing(errors: readonly unknown[], then: (call: StepCall) => Promise<void>) {
  const left = [...errors];
  return async (call: StepCall) => {
    const error = left.shift();
    if (error !== undefined) throw error;
    await then(call);
    return {};
  };
}

/** A gate that a step stands at until the test opens it. */
export function createGate() {
  const reached = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  return {
    reached: reached.promise,
    open: () => opened.resolve(),
    pass: async () => {
      reached.resolve();
      await opened.promise;
    },
  };
}
