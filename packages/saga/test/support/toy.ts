// A saga of three steps that keeps its promise whatever happens: one to undo, a payment, a note. Each part can be made
// wrong in the way that programs are wrong in practice.

import type { SagaDefinition, StepCall } from '../../src/definition.ts';
import type { SagaRecord } from '../../src/log/record.ts';
import { type SagaWorld, sagaOf, stepsOf } from './saga-world.ts';

export type Flaw =
  /** Pays again without having observed whether it has paid. */
  | 'pays-without-looking'
  /** Gives back what its own log says was taken, not what was. */
  | 'undoes-by-its-log'
  /** Takes although the taking was undone meanwhile. */
  | 'takes-late'
  /** Refuses the payment no more once it has turned back. */
  | 'pays-after-turning-back'
  /** Ends with the result of a step that may have been skipped. */
  | 'returns-what-was-skipped';

export const TOY_SERVICE = ['act', 'undo', 'close'] as const;

const RETRY = { attempts: 5, baseMs: 1, capMs: 2 } as const;

export function toySaga(world: SagaWorld, flaw?: Flaw): SagaDefinition {
  const { undoable, pivot, retriable } = stepsOf(world);
  const take = undoable('take', {
    retry: RETRY,
    compensateRetry: RETRY,
    run: async (call) => {
      await world.act('take', call, ({ undone }) => undone === 0 || flaw === 'takes-late');
      return { value: 'taken' };
    },
    compensate: async (call) => {
      if (flaw === 'undoes-by-its-log' && call.results.take === undefined) return;
      await world.undo('take', call);
    },
  });
  const seePayment = (call: StepCall) => world.observe('pay', call);
  const pay = pivot('pay', {
    retry: RETRY,
    run: async (call) => {
      await world.act('pay', call, ({ done, isClosed }) => {
        const isFirst = done === 0 || flaw === 'pays-without-looking';
        return isFirst && (!isClosed || flaw === 'pays-after-turning-back');
      });
      return { value: 'paid' };
    },
    observe: async (call) =>
      flaw === 'pays-without-looking' ? { outcome: 'absent' } : seePayment(call),
    abort: async (call) => {
      await world.close('pay', call);
      return seePayment(call);
    },
  });
  const note = retriable('note', {
    retry: RETRY,
    // What may be skipped may also never happen: the others keep their whole promise.
    ...(flaw === 'returns-what-was-skipped' && { bestEffort: true }),
    run: async (call) => {
      await world.act('note', call, ({ done }) => done === 0);
      return { value: { page: 1 } };
    },
  });
  const result = ({ results }: Pick<StepCall, 'results'>) => {
    const { note: noted = flaw === 'returns-what-was-skipped' ? null : { page: 0 } } = results;
    return 'pay' in results ? { page: (noted as { readonly page: number }).page } : null;
  };
  return sagaOf([take, pay, note], { name: 'toy', result });
}

/** Everything has happened, or nothing is left of it. */
export async function expectWhole(world: SagaWorld, { id, state }: SagaRecord): Promise<void> {
  const taken = (await world.observe('take', { sagaId: id })).outcome === 'landed';
  const { done: paid } = await world.read('pay', id);
  const { done: report } = await world.read('note', id);
  const observed = `taken ${taken}, paid ${paid}, notes ${report}`;
  const isDone = state.phase === 'completed';
  const whole = isDone ? 'taken true, paid 1, notes 1' : 'taken false, paid 0, notes 0';
  if (observed !== whole) throw new Error(observed);
}
