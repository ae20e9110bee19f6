// The money of an undone provision goes back by THE settlement: the same operation that a deletion or a reclaim
// of this incarnation would make, so that whoever comes first pays and nobody pays twice (I2).

import { FencedError, HoldError, RetryableError, type StepCall } from '@reclaim/saga';
import { assertNever } from '../domain/assert-never.ts';
import { settlementOpId } from '../domain/incarnation.ts';
import type { Receipt, Reservation, SettleCommand } from '../wallet/wallets.ts';
import { type ProvisioningPorts, sceneOf } from './provisioning-ports.ts';

/** Marks dropped and set again in one attempt: a legacy writer is fast, but not this fast. */
const MAX_ROUNDS = 20;

/** @returns null where the account is gone: there is nobody to pay. */
export async function payBack(
  ports: ProvisioningPorts,
  call: StepCall,
  reservation: Reservation,
): Promise<Receipt | null> {
  const command = settlementOf(call, reservation);
  await mark(ports, command);
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const result = await ports.wallets.settle(command);
    switch (result.status) {
      case 'settled':
        return result.receipt;
      case 'account-gone':
        return null;
      case 'mark-dropped':
      case 'stale-mark':
        // Fenced first: a worker that lost its claim must not set a mark of an epoch that is not its.
        await call.fencedWrite();
        await mark(ports, command);
        break;
      case 'other-saga':
        throw new RetryableError('LOCKED_BY_OTHER_SAGA', `it is marked by ${result.sagaId}`);
      case 'fenced':
        throw new FencedError(call.sagaId, call.epoch);
      case 'absent':
      case 'other-incarnation':
        throw new HoldError(
          'ALLOCATION_VANISHED',
          'the allocation was made by this job and is gone without a receipt',
        );
      case 'not-money': {
        const { field, found } = result;
        throw new HoldError('NOT_MONEY', `${field} is not an amount of money: ${found}`);
      }
      default:
        return assertNever(result);
    }
  }
  throw new RetryableError('MARK_CONTENDED', 'the mark is dropped faster than it can be set');
}

async function mark({ wallets }: ProvisioningPorts, command: SettleCommand): Promise<void> {
  const { userId, instanceId, sagaId, epoch, incarnation } = command;
  const target = { userId, instanceId, sagaId, epoch, incarnation };
  const marked = await wallets.mark({ ...target, value: null, mayTakeOver: [] });
  if (marked.status === 'fenced') throw new FencedError(sagaId, epoch);
  if (marked.status === 'not-money') {
    const { field, found } = marked;
    throw new HoldError('NOT_MONEY', `${field} is not an amount of money: ${found}`);
  }
  // Every other answer is seen again, and decided, by the settlement that follows.
}

export function settlementOf(call: StepCall, reservation: Reservation): SettleCommand {
  const { target, input } = sceneOf(call);
  const { userId, instanceId, botName, allocatedAmount } = input;
  const incarnation = { userId, instanceId, life: reservation.life };
  return {
    ...target,
    incarnation,
    opId: settlementOpId(incarnation),
    botName,
    lockedValue: allocatedAmount,
    reason: 'not-started',
  };
}
