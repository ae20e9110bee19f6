// Step 5: the receipt goes to the append-only ledger, from this saga's log, so that a legacy writer who
// erased the row cannot erase the entry. From here on the tombstone finishes what is left (I1).

import { toFirebaseUid } from '../../domain/ids.ts';
import type { RefundValue } from '../captures.ts';
import {
  contextOf,
  type DeletionCall,
  type DeletionContext,
  type DeletionPorts,
  MONEY_TIMEOUT_MS,
  POST_RETRY,
  STEP,
  wasObservedAtRest,
} from './step-ports.ts';

/** By then the refund's step has left its result. */
type PostCall = DeletionCall & { readonly results: { readonly [STEP.refund]: RefundValue } };

export function writeTransaction(ports: DeletionPorts) {
  return {
    retry: POST_RETRY,
    timeoutMs: MONEY_TIMEOUT_MS,
    run: async (call: PostCall) => {
      const context = contextOf(call);
      // Together: the money has moved, so the tombstone is settled whether or not the entry is there yet.
      const observedAtRest = wasObservedAtRest(call);
      const settling = ports.tombstones.settle(context.tombstone, { observedAtRest });
      await Promise.all([postRefund(ports, context, call.results[STEP.refund]), settling]);
    },
  };
}

/** Repeatable. @throws TerminalError where the ledger holds another entry of that name. */
export async function postRefund(
  { ledger }: Pick<DeletionPorts, 'ledger'>,
  { settlement, allocation, input }: DeletionContext,
  { receipt, account }: RefundValue,
): Promise<void> {
  const { sagaId, userId, instanceId, botName, opId } = settlement;
  if (receipt !== null) {
    const { firebaseUid } = input;
    await ledger.post({
      receipt,
      firebaseUid: firebaseUid === null ? null : toFirebaseUid(firebaseUid),
      sagaId,
    });
  } else if (account === 'gone' && allocation.hadAllocation) {
    const value = settlement.lockedValue;
    await ledger.writeOff({ opId, userId, instanceId, botName, value, sagaId });
  }
}
