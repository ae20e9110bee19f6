// Step 1: the money is set aside. Undone last: by then nothing of the bot is left, or its tombstone owns it.
// I11: the row that took the money and the one that gives it back are both in the ledger when the saga ends.

import { FencedError, HoldError, RetryableError, SagaError, TerminalError } from '@reclaim/saga';
import { finishTombstone } from '../../deletion/finish-tombstone.ts';
import { MONEY_RETRY, MONEY_TIMEOUT_MS } from '../../deletion/steps/step-ports.ts';
import { assertNever } from '../../domain/assert-never.ts';
import { settlementOpId } from '../../domain/incarnation.ts';
import { formatMinor } from '../../domain/money.ts';
import { NOTHING_OBSERVED } from '../../tombstones/tombstones.ts';
import { RESERVATION, type Receipt, type Reservation } from '../../wallet/receipts.ts';
import { settleAllocation } from '../../wallet/settle-allocation.ts';
import type { SettleCommand } from '../../wallet/wallets.ts';
import { beginUndo, type Undo } from '../begin-undo.ts';
import {
  contextOf,
  type ProvisionCall,
  type ProvisioningPorts,
  UNDO_RETRY,
} from '../provisioning-ports.ts';
import { OPERATION } from '../stored-values.ts';

export function reserveFunds(ports: ProvisioningPorts) {
  return {
    retry: MONEY_RETRY,
    compensateRetry: UNDO_RETRY,
    timeoutMs: MONEY_TIMEOUT_MS,
    captureSchema: OPERATION,
    resultSchema: RESERVATION,
    // The row says what was done, by this operation's own name: there is nothing to remember from before.
    capture: (call: ProvisionCall) => ({ opId: contextOf(call).order.opId }),
    run: (call: ProvisionCall) => reserve(ports, call),
    compensate: async (call: ProvisionCall) => {
      const undo = await beginUndo(ports, call);
      if (undo === null) return;
      await giveBack(ports, call, undo);
      await endTombstone(ports, call, undo);
    },
  };
}

async function reserve({ wallets }: ProvisioningPorts, call: ProvisionCall): Promise<Reservation> {
  const { order } = contextOf(call);
  await call.fence();
  const result = await wallets.reserve(order);
  switch (result.status) {
    case 'reserved':
      return result.reservation;
    case 'insufficient-funds': {
      const needed = formatMinor(order.amountMinor);
      throw new TerminalError('INSUFFICIENT_FUNDS', `the wallet holds less than ${needed}`);
    }
    case 'occupied':
      throw new TerminalError('ID_IN_USE', `there is an allocation ${order.instanceId} already`);
    case 'account-gone':
      throw new TerminalError('ACCOUNT_GONE', 'the user does not exist any more');
    case 'withdrawn':
      // The worker that undoes this saga has claimed it since.
      throw new FencedError(call.sagaId, call.epoch);
    case 'not-money':
      throw new TerminalError(
        'NOT_MONEY',
        `${result.field} is no amount of money: ${result.found}`,
      );
    default:
      return assertNever(result);
  }
}

async function giveBack(
  ports: ProvisioningPorts,
  call: ProvisionCall,
  { reservation }: Undo,
): Promise<void> {
  const { input, target } = contextOf(call);
  const { firebaseUid } = input;
  const { sagaId } = target;
  await ports.ledger.postReservation({ reservation, firebaseUid, sagaId });
  const receipt = await payBack(ports, call, reservation);
  if (receipt !== null) {
    await ports.ledger.post({ receipt, firebaseUid, sagaId });
    return;
  }
  const { opId, userId, instanceId, botName, lockedValue: value } = settlementOf(call, reservation);
  await ports.ledger.writeOff({ opId, userId, instanceId, botName, value, sagaId });
}

/** The money of an undone provision goes back by THE settlement: the same operation that a deletion or a reclaim of this
 * incarnation would make, so that whichever comes first pays and no other does (I2).
 * @returns null where the account is gone: there is no wallet to pay into. */
async function payBack(
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

function settlementOf(call: ProvisionCall, reservation: Reservation): SettleCommand {
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

// The money is back: from here on the tombstone finishes what is left. This observation only spares it the wait where
// everything is gone already; what keeps it from finishing is the janitor's to wait for (I1).
async function endTombstone(
  ports: ProvisioningPorts,
  call: ProvisionCall,
  { tombstone }: Undo,
): Promise<void> {
  if (tombstone === null) return;
  await ports.tombstones.settle(tombstone);
  const { incarnation } = tombstone;
  const { firebaseUid } = contextOf(call).input;
  try {
    const openedAt = new Date(call.nowMs());
    const unobserved = { ...NOTHING_OBSERVED, observedAtRest: false, slot: null };
    const named = { incarnation, firebaseUid, ...unobserved, openedAt };
    const observation = await finishTombstone(ports, named, call);
    if (observation.gone) await ports.tombstones.end(tombstone);
  } catch (error) {
    if (error instanceof FencedError || !(error instanceof SagaError)) throw error;
  }
}
