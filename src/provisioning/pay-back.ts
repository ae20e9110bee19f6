// The money of an undone provision goes back by THE settlement: the same operation that a deletion or a reclaim
// of this incarnation would make, so that whichever comes first pays and no other does (I2).

import { HoldError, RetryableError } from '@reclaim/saga';
import { assertNever } from '../domain/assert-never.ts';
import { settlementOpId } from '../domain/incarnation.ts';
import type { Receipt, Reservation } from '../wallet/receipts.ts';
import { settleAllocation } from '../wallet/settle-allocation.ts';
import type { SettleCommand } from '../wallet/wallets.ts';
import { contextOf, type ProvisionCall, type ProvisioningPorts } from './provisioning-ports.ts';

/** @returns null where the account is gone: there is no wallet to pay into. */
export async function payBack(
  ports: ProvisioningPorts,
  call: ProvisionCall,
  reservation: Reservation,
): Promise<Receipt | null> {
  const { allocatedAmount } = contextOf(call).input;
  const settled = await settleAllocation(ports, call, {
    command: settlementOf(call, reservation),
    // The value that stands there.
    relock: { value: null },
    isUnlocked: true,
    allocation: { knownAtMs: Date.parse(reservation.incarnationId), allocatedAmount },
  });
  switch (settled.status) {
    case 'paid':
      return settled.receipt;
    case 'account-gone':
      return null;
    case 'locked':
      throw new RetryableError('LOCKED_BY_OTHER_SAGA', `it is locked by ${settled.sagaId}`);
    case 'nothing-to-pay':
    case 'other-incarnation':
      throw new HoldError(
        'ALLOCATION_VANISHED',
        'another incarnation of this bot holds the allocation',
      );
    default:
      return assertNever(settled);
  }
}

export function settlementOf(call: ProvisionCall, reservation: Reservation): SettleCommand {
  const { target, input } = contextOf(call);
  const { userId, instanceId, botName, allocatedAmount } = input;
  const incarnation = { userId, instanceId, incarnationId: reservation.incarnationId };
  return {
    ...target,
    incarnation,
    opId: settlementOpId(incarnation),
    botName,
    lockedValue: allocatedAmount,
    reason: 'not-started',
  };
}
