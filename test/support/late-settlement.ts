// A settlement that was sent by a worker and reaches the database while an operator ends its saga.

import type { SagaRecord } from '../../packages/saga/src/log/record.ts';
import {
  contextOf,
  type DeletionCall,
  type DeletionPorts,
} from '../../src/deletion/steps/step-ports.ts';
import { inertPorts } from '../fakes/inert-ports.ts';

/** When it arrives, seen from the operator's release. */
export type LateAfter = 'nothing' | 'before-the-unlock' | 'the-unlock' | 'the-receipt';

export function lateAfter(
  { wallets }: Pick<DeletionPorts, 'wallets'>,
  saga: SagaRecord,
  after: LateAfter,
): Pick<DeletionPorts, 'wallets'> {
  const { settlement } = contextOf(callFrom(saga));
  const arriveIf = async (moment: LateAfter) => {
    if (after === moment) await wallets.settle(settlement);
  };
  return {
    wallets: {
      ...wallets,
      unlock: async (target) => {
        await arriveIf('before-the-unlock');
        const unlocked = await wallets.unlock(target);
        await arriveIf('the-unlock');
        return unlocked;
      },
      findReceipt: async (...asked) => {
        const receipt = await wallets.findReceipt(...asked);
        await arriveIf('the-receipt');
        return receipt;
      },
    },
  };
}

/** As its last worker had it. */
function callFrom({ id, epoch, input, state }: SagaRecord): DeletionCall {
  const of = (field: 'capture' | 'value') =>
    Object.fromEntries(
      state.steps.flatMap((step) => (step[field] === null ? [] : [[step.name, step[field]]])),
    );
  return {
    ...inertPorts<DeletionCall>(),
    sagaId: id,
    epoch,
    input: input as DeletionCall['input'],
    captures: of('capture'),
    results: of('value'),
  };
}
