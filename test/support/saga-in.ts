// Records of deletions as the log would give them.

import type { SagaRecord } from '../../packages/saga/src/log/record.ts';
import {
  initialState,
  isEnded,
  type Phase,
  type SagaState,
} from '../../packages/saga/src/machine/state.ts';
import { toSagaId } from '../../packages/saga/src/saga-id.ts';
import { recordOf } from '../../packages/saga/test/support/saga-writes.ts';
import { ALICE } from '../fakes/api-layers.ts';

let lastSaga = 0;

/** A deletion's record of Alice, in any phase. */
export function sagaIn(
  phase: Phase,
  changes: Partial<SagaRecord> = {},
  stateChanges: Partial<SagaState> = {},
): SagaRecord {
  lastSaga += 1;
  const open = !isEnded(phase);
  return recordOf({
    id: toSagaId(`del-${String(lastSaga).padStart(12, '0')}`),
    kind: 'delete-bot',
    key: `bot/${ALICE}/alice-bot-1`,
    subject: ALICE,
    requestedBy: 'user:alice',
    input: { instanceId: 'alice-bot-1' },
    state: { ...stateIn(phase), ...stateChanges },
    open,
    revision: 3,
    result: phase === 'completed' ? { wallet: WALLET_CHANGE } : null,
    createdAt: '2026-11-01T00:00:00.000Z',
    finishedAt: open ? null : '2026-11-01T00:00:01.000Z',
    ...changes,
  });
}

export const WALLET_CHANGE = {
  previousBalance: 17331,
  newBalance: 18436,
  returned: 1105,
  pnl: 0,
};

function stateIn(phase: Phase): SagaState {
  const queued = initialState({ steps: [{ name: 'lock-allocation' }, { name: 'refund-wallet' }] });
  if (phase === 'queued') return queued;
  const isDone = (index: number) => index === 0 || phase === 'completed';
  const steps = queued.steps.map((step, index) =>
    isDone(index) ? ({ ...step, status: 'done' } as const) : step,
  );
  return { ...queued, phase, cursor: 1, steps };
}
