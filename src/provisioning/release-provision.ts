// What an operator's end of a provision gives back: the lock of its way back, and its tombstone with the slot that
// it keeps. I1: where the money was paid back the tombstone is settled, so that the janitor takes away what was
// started; where it was not, nothing may say that it was: the allocation, if there is one, is a bot's like any other.

import { settlementOpId } from '../domain/incarnation.ts';
import { isAnothers, wasThereBefore, withdrawReserve } from './begin-undo.ts';
import {
  contextOf,
  type ProvisionCall,
  type ProvisioningPorts,
  STEP,
} from './provisioning-ports.ts';

/** Repeatable. */
export async function releaseProvision(
  ports: ProvisioningPorts,
  call: ProvisionCall,
): Promise<void> {
  if (call.captures[STEP.reserve] === undefined) return;
  const { input, target } = contextOf(call);
  const { wallets, tombstones, ledger } = ports;
  const reservation = await withdrawReserve(ports, call);
  await wallets.unlock(target);
  if (reservation === null) return;
  const { userId, instanceId, firebaseUid } = input;
  const { sagaId, epoch } = target;
  const incarnation = { userId, instanceId, incarnationId: reservation.incarnationId };
  const receipt = await wallets.findReceipt(userId, settlementOpId(incarnation));
  const tombstone = { incarnation, sagaId, epoch };
  const isLost = receipt === null && (await isLostOnTheWayBack(ports, call));
  try {
    if (wasThereBefore(call) || (await isAnothers(ports, call))) return;
    if (receipt === null && !isLost) await tombstones.withdraw(tombstone);
    else await tombstones.settle(tombstone);
  } finally {
    // I11: the books are whole, however the job ended, and where another saga has the tombstone by now.
    await ledger.postReservation({ reservation, firebaseUid, sagaId });
    if (receipt !== null) await ledger.post({ receipt, firebaseUid, sagaId });
    if (isLost) {
      const { botName, allocatedAmount: value } = input;
      const opId = settlementOpId(incarnation);
      await ledger.writeOff({ opId, userId, instanceId, botName, value, sagaId });
    }
  }
}

/** Whether the account went while what it had set aside was on its way back, which its own tombstone says: there is nobody to
 * pay. A bot that was made goes with its account, and is no loss of this saga's. */
async function isLostOnTheWayBack(
  { wallets, tombstones }: ProvisioningPorts,
  call: ProvisionCall,
): Promise<boolean> {
  const { userId, instanceId } = call.input;
  const reading = await wallets.readAllocation(userId, instanceId);
  if (reading.status !== 'account-gone') return false;
  const standing = await tombstones.findForBot(userId, instanceId);
  return standing.some(({ sagaId }) => sagaId === call.sagaId);
}

/** The same in words, for the operator who is about to vouch for it. */
export function releasesOfProvision({
  captures,
}: Pick<ProvisionCall, 'captures'>): readonly string[] {
  if (captures[STEP.reserve] === undefined) return ['releases nothing: nothing was reserved'];
  return [
    'releases the lock of its way back',
    'releases its tombstone with the slot it keeps; where the money was paid back, to the janitor',
    'leaves the allocation, if it stands: a DELETE pays it back, a synchronisation where no bot is',
    'leaves the bot and its entry in the pool state as they are now',
  ];
}

/** What was set aside and has no bot yet, in cents. */
export function reservedMinor({
  input,
  captures,
}: Pick<ProvisionCall, 'input' | 'captures'>): number {
  return captures[STEP.reserve] === undefined ? 0 : input.amountMinor;
}
