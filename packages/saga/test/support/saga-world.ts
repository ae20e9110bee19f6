// Small definitions for the engine: steps whose effects are counted, so that a test sees what happened in the world and
// not only what the log says of it.

import type { Db } from 'mongodb';
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
export async function createSagaWorld(db: Db): Promise<SagaWorld> {
  await createTestSagaLog(db);
  return emptySagaWorld();
}

export function emptySagaWorld(): SagaWorld {
  const effects = new Map<string, Effect>();
  const order: string[] = [];
  const effectOf = (step: string, sagaId: string): Effect => {
    const key = `${sagaId}/${step}`;
    const effect = effects.get(key) ?? { done: 0, undone: 0, isThere: false, isClosed: false };
    effects.set(key, effect);
    return effect;
  };
  const observe = async (step: string, { sagaId }: Pick<StepCall, 'sagaId'>) => {
    order.push(`see ${step}`);
    return { outcome: effectOf(step, sagaId).isThere ? 'landed' : 'absent' } as const;
  };
  return {
    order,
    observe,
    read: async (step, sagaId) => {
      const { done, undone } = effectOf(step, sagaId);
      return { done, undone };
    },
    act: async (step, { sagaId }, may = () => true) => {
      const effect = effectOf(step, sagaId);
      order.push(`do ${step}`);
      if (!may(effect)) return;
      effect.done += 1;
      effect.isThere = true;
    },
    undo: async (step, { sagaId }) => {
      const effect = effectOf(step, sagaId);
      order.push(`undo ${step}`);
      effect.undone += 1;
      effect.isThere = false;
    },
    close: async (step, { sagaId }) => {
      effectOf(step, sagaId).isClosed = true;
    },
  };
}

interface Effect {
  /** How often it was done and undone. */
  done: number;
  undone: number;
  isThere: boolean;
  /** It is made impossible. */
  isClosed: boolean;
}

export interface SagaWorld {
  /** What happened, in its order: `do a`, `see a`, `undo a`. */
  readonly order: readonly string[];
  /** @param may whether the effect takes place, seen in one go with it. Default: it does. */
  act(step: string, call: OfSaga, may?: (effect: Readonly<Effect>) => boolean): Promise<void>;
  undo(step: string, call: OfSaga): Promise<void>;
  close(step: string, call: OfSaga): Promise<void>;
  observe(step: string, call: OfSaga): Promise<Observation>;
  read(step: string, sagaId: string): Promise<Pick<Effect, 'done' | 'undone'>>;
}

type OfSaga = Pick<StepCall, 'sagaId'>;

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
