// The lock of a saga that has ended holds nothing: the write that it refused is made again, for exactly that one (I3).

import { expect, it } from 'vitest';
import { type SagaId, toSagaId } from '../../packages/saga/src/saga-id.ts';
import { takingOver } from '../../src/wallet/closed-sagas.ts';

const OTHER = toSagaId('del-aaaaaaaaaaaaaaaa');

it.each<[string, 'taken over' | 'refused', [SagaId, { open: boolean }][]]>([
  ['has ended', 'taken over', [[OTHER, { open: false }]]],
  ['is not in the log any more', 'taken over', []],
  ['is open', 'refused', [[OTHER, { open: true }]]],
])('the lock of a saga that %s: %s', async (_, outcome, sagas) => {
  const orders: (readonly SagaId[])[] = [];
  const write = async (mayTakeOver: readonly SagaId[]) => {
    orders.push(mayTakeOver);
    return mayTakeOver.includes(OTHER)
      ? ({ status: 'locked' } as const)
      : ({ status: 'other-saga', sagaId: OTHER } as const);
  };
  const { status } = await takingOver(async () => new Map(sagas), write);
  expect(status).toBe(outcome === 'refused' ? 'other-saga' : 'locked');
  expect(orders).toEqual(outcome === 'refused' ? [[]] : [[], [OTHER]]);
});
