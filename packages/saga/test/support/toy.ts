// A saga on a purse in memory: one step to undo, one payment, one note. Each part can be made wrong in the way that
// programs are wrong in practice.

import type { Observation, SagaDefinition } from '../../src/definition.ts';
import type { SagaRecord } from '../../src/log/record.ts';

export type Flaw =
  /** Pays again without having observed whether it has paid. */
  | 'pays-without-looking'
  /** Gives back what its own log says was taken, not what was. */
  | 'undoes-by-its-log'
  /** Takes although the taking was undone meanwhile. */
  | 'takes-late'
  /** Refuses the payment no more once it has turned back. */
  | 'pays-after-turning-back';

interface Contents {
  taken: boolean;
  undone: boolean;
  paid: number;
  closed: boolean;
  readonly notes: Set<string>;
}

export interface Purse {
  /** Where it may, in one go. */
  change(may: (contents: Contents) => boolean, act: (contents: Contents) => void): Promise<void>;
  read(): Promise<Readonly<Contents>>;
}

export function createPurse(): Purse {
  const contents: Contents = {
    taken: false,
    undone: false,
    paid: 0,
    closed: false,
    notes: new Set(),
  };
  return {
    change: async (may, act) => {
      if (may(contents)) act(contents);
    },
    read: async () => contents,
  };
}

/** Everything has happened, or nothing is left of it. */
export async function expectWhole(purse: Purse, { state }: SagaRecord): Promise<void> {
  const { taken, paid, notes } = await purse.read();
  const seen = `taken ${taken}, paid ${paid}, notes ${notes.size}`;
  const isDone = state.phase === 'completed';
  const whole = isDone ? 'taken true, paid 1, notes 1' : 'taken false, paid 0, notes 0';
  if (seen !== whole) throw new Error(seen);
}

const RETRY = { attempts: 5, baseMs: 1, capMs: 2 } as const;

export function toySaga(purse: Purse, flaw?: Flaw): SagaDefinition {
  const seePayment = async (): Promise<Observation> => ({
    outcome: (await purse.read()).paid > 0 ? 'landed' : 'absent',
  });
  return {
    name: 'toy',
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
          await purse.change(
            ({ undone }) => !undone || flaw === 'takes-late',
            (contents) => {
              contents.taken = true;
            },
          );
          return { value: 'taken' };
        },
        compensate: async ({ results }) => {
          if (flaw === 'undoes-by-its-log' && results.take === undefined) return;
          await purse.change(
            () => true,
            (contents) => {
              contents.taken = false;
              contents.undone = true;
            },
          );
        },
      },
      {
        kind: 'pivot',
        name: 'pay',
        retry: RETRY,
        timeoutMs: 20_000,
        run: async () => {
          await purse.change(
            ({ paid, closed }) =>
              (paid === 0 || flaw === 'pays-without-looking') &&
              (!closed || flaw === 'pays-after-turning-back'),
            (contents) => {
              contents.paid += 1;
            },
          );
          return {};
        },
        observe: async () =>
          flaw === 'pays-without-looking' ? { outcome: 'absent' } : seePayment(),
        abort: async () => {
          await purse.change(
            ({ paid }) => paid === 0,
            (contents) => {
              contents.closed = true;
            },
          );
          return seePayment();
        },
      },
      {
        kind: 'retriable',
        name: 'note',
        retry: RETRY,
        timeoutMs: 20_000,
        run: async ({ idempotencyKey }) => {
          await purse.change(
            () => true,
            ({ notes }) => void notes.add(idempotencyKey),
          );
          return {};
        },
      },
    ],
  };
}
