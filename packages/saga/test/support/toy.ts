// A saga on a document of its own that knows nothing of bots: one step to undo, one payment, one note. Each part
// can be made wrong in the way that programs are wrong in practice.

import type { Connection, mongo } from 'mongoose';
import type { Observation, SagaDefinition, StepCall } from '../../src/definition.ts';
import { TerminalError } from '../../src/errors.ts';
import type { CrashCase, CrashScenario } from '../../src/testing/crash/crash-scenario.ts';
import { portWithPoints } from '../../src/testing/crash/with-crash-points.ts';

export type Flaw =
  /** Pays again where it should have looked whether it has paid. */
  | 'pays-without-looking'
  /** Gives back what its own log says was taken, not what was. */
  | 'undoes-by-its-log'
  /** Takes although the taking was undone meanwhile. */
  | 'takes-late'
  /** Refuses the payment no more once it has turned back. */
  | 'pays-after-turning-back';

interface Purse {
  readonly _id: string;
  readonly taken: boolean;
  readonly undone: boolean;
  readonly paid: number;
  readonly closed: boolean;
  readonly notes: readonly string[];
}

const NAME = 'toy';
const RETRY = { attempts: 5, baseMs: 1, capMs: 2 } as const;

export function toyScenarios(connection: Connection, flaw?: Flaw): readonly CrashScenario[] {
  const begin = () => beginToy(connection, flaw);
  const never = () => new TerminalError('NEVER', 'it cannot be');
  const shared = { faults: 'two', begin } as const;
  return [
    { ...shared, title: 'toy', ends: 'done' },
    {
      ...shared,
      title: 'toy that cannot pay',
      ends: 'undone',
      twist: { at: 'run pay: before', does: never },
    },
    {
      ...shared,
      title: 'toy that cannot pay any more',
      ends: 'done',
      twist: { at: 'run pay: before', does: never, isLater: true },
    },
    {
      ...shared,
      title: 'toy that is cancelled while it takes',
      ends: 'undone',
      twist: { at: 'run take: before', does: 'cancel' },
    },
  ];
}

let begun = 0;

async function beginToy(connection: Connection, flaw: Flaw | undefined): Promise<CrashCase> {
  begun += 1;
  const _id = `toy-${begun}`;
  const purses = connection.collection<Purse>('purses');
  await purses.insertOne({ _id, taken: false, undone: false, paid: 0, closed: false, notes: [] });
  const read = async () => (await purses.findOne({ _id })) ?? { taken: true, paid: -1, notes: [] };
  return {
    order: { kind: NAME, subject: _id, requestedBy: 'a test', input: { _id } },
    define: (plan) => {
      const purse = portWithPoints(plan, 'purse', purseOf(purses, _id), new Set(['change']));
      return toySaga(purse, flaw);
    },
    look: async () => {
      const { taken, paid, notes } = await read();
      if (taken && paid === 1 && notes.length === 1) return 'done';
      if (!taken && paid === 0 && notes.length === 0) return 'undone';
      return { wrong: `taken ${taken}, paid ${paid}, notes ${notes.length}` };
    },
    close: async () => undefined,
  };
}

interface PurseCalls {
  change(condition: mongo.Filter<Purse>, update: mongo.UpdateFilter<Purse>): Promise<void>;
  read(): Promise<Purse | null>;
}

function purseOf(purses: mongo.Collection<Purse>, _id: string): PurseCalls {
  return {
    change: async (condition, update) => {
      await purses.updateOne({ ...condition, _id }, update);
    },
    read: () => purses.findOne({ _id }),
  };
}

export function toySaga(purse: PurseCalls, flaw?: Flaw): SagaDefinition {
  const seePayment = async (): Promise<Observation> => ({
    outcome: ((await purse.read())?.paid ?? 0) > 0 ? 'landed' : 'absent',
  });
  return {
    name: NAME,
    version: 1,
    key: (input) => JSON.stringify(input),
    steps: [
      {
        kind: 'compensatable',
        name: 'take',
        retry: RETRY,
        compensateRetry: RETRY,
        timeoutMs: 20_000,
        capture: async () => 'before',
        run: async () => {
          const isStill = flaw === 'takes-late' ? {} : { undone: false };
          await purse.change(isStill, { $set: { taken: true } });
          return { value: 'taken' };
        },
        compensate: async (call: StepCall) => {
          if (flaw === 'undoes-by-its-log' && call.results.take === undefined) return;
          await purse.change({}, { $set: { taken: false, undone: true } });
        },
      },
      {
        kind: 'pivot',
        name: 'pay',
        retry: RETRY,
        timeoutMs: 20_000,
        run: async () => {
          const isFirst = flaw === 'pays-without-looking' ? {} : { paid: 0 };
          const isOpen = flaw === 'pays-after-turning-back' ? {} : { closed: false };
          await purse.change({ ...isFirst, ...isOpen }, { $inc: { paid: 1 } });
          return {};
        },
        observe: async () =>
          flaw === 'pays-without-looking' ? { outcome: 'absent' } : seePayment(),
        abort: async () => {
          await purse.change({ paid: 0 }, { $set: { closed: true } });
          return seePayment();
        },
      },
      {
        kind: 'retriable',
        name: 'note',
        retry: RETRY,
        timeoutMs: 20_000,
        run: async ({ idempotencyKey }) => {
          await purse.change({}, { $addToSet: { notes: idempotencyKey } });
          return {};
        },
      },
    ],
  };
}
