// Step 1: the semantic lock. Checks the numbers before anything is touched, writes the tombstone that keeps
// the bot from being revived, and locks the allocation. I2: the lock names the incarnation, so that a later
// incarnation of the same id is never paid by this saga.

import {
  FencedError,
  HoldError,
  RetryableError,
  type SagaId,
  TerminalError,
  toSagaId,
} from '@reclaim/saga';
import { assertNever } from '../../domain/assert-never.ts';
import type { BotWorth } from '../../domain/bot-worth.ts';
import { isStamped, stampedIncarnationId } from '../../domain/incarnation.ts';
import { resurrected } from '../../findings/findings.ts';
import { takingOver } from '../../wallet/closed-sagas.ts';
import { readWorth } from '../bot-worth.ts';
import { ALLOCATION, type AllocationCapture, LOCK, type LockValue } from '../captures.ts';
import {
  capturedBot,
  contextOf,
  type DeletionCall,
  type DeletionContext,
  type DeletionPorts,
  MONEY_RETRY,
  MONEY_TIMEOUT_MS,
  observedOf,
  STEP,
  UNDO_RETRY,
} from './step-ports.ts';
import { reportForeign } from './stop-container.ts';
import { NOT_MONEY, STOP_BOT, stopUnpaid } from './stop-unpaid.ts';

export function lockAllocation(ports: DeletionPorts) {
  return {
    retry: MONEY_RETRY,
    compensateRetry: UNDO_RETRY,
    timeoutMs: MONEY_TIMEOUT_MS,
    captureSchema: ALLOCATION,
    resultSchema: LOCK,
    capture: (call: DeletionCall) => capture(ports, call),
    run: async (call: DeletionCall) => {
      try {
        return await lock(ports, call);
      } catch (error) {
        const isOnNumbers = error instanceof HoldError && error.code === NOT_MONEY;
        if (!isOnNumbers || call.choice !== STOP_BOT) throw error;
        return stopUnpaid(ports, call, error);
      }
    },
    compensate: async (call: DeletionCall) => {
      const { lockTarget: target, tombstone } = contextOf(call);
      const unlocked = await ports.wallets.unlock(target);
      if (unlocked === 'fenced') throw new FencedError(call.sagaId, call.epoch);
      await ports.tombstones.withdraw(tombstone);
    },
  };
}

async function lock(ports: DeletionPorts, call: DeletionCall): Promise<LockValue> {
  const deletion = contextOf(call);
  checkIncarnation(deletion);
  await checkUnsettled(ports, call, deletion);
  await checkNumbers(ports, deletion);
  await reportForeign(ports, call);
  // Before anything is locked: it may take seconds.
  const worth = deletion.allocation.hadAllocation ? await readWorth(ports, call) : STORED;
  // Together: neither needs the other, both repeat, and the undo takes back whichever landed.
  const [, lockedValue] = await Promise.all([
    openTombstone(ports, call, deletion),
    writeLock(ports, call, deletion, worth),
  ]);
  const sawBot = capturedBot(call) !== null;
  return { lockedValue, sawBot, worth };
}

const STORED: BotWorth = { status: 'stored' };

async function capture({ wallets }: DeletionPorts, call: DeletionCall): Promise<AllocationCapture> {
  const { userId, instanceId } = call.input;
  const reading = await wallets.readAllocation(userId, instanceId);
  const nothing = {
    hadAllocation: false,
    incarnationId: `none:${call.sagaId}`,
    botName: instanceId,
    readAtMs: call.nowMs(),
    allocatedAmount: null,
    value: null,
    notMoney: null,
    settledBy: null,
  };
  switch (reading.status) {
    case 'account-gone':
      return { account: 'gone', ...nothing };
    case 'absent':
      return { account: 'there', ...nothing };
    case 'present': {
      const { incarnationId, botName, value, notMoney, settledOpId, allocatedAmount } =
        reading.allocation;
      return {
        account: 'there',
        hadAllocation: true,
        incarnationId: incarnationId ?? stampedIncarnationId(toSagaId(call.sagaId)),
        botName,
        readAtMs: call.nowMs(),
        allocatedAmount: allocatedAmount ?? null,
        value: notMoney === null ? value : null,
        notMoney,
        settledBy: settledOpId,
      };
    }
    default:
      return assertNever(reading);
  }
}

// An orphan is one allocation, observed twice: what stands there now instead was never observed.
function checkIncarnation({ allocation, input }: DeletionContext): void {
  if (input.orphan === undefined) return;
  const { incarnationId } = input.orphan;
  const isSame =
    incarnationId === null
      ? isStamped(allocation.incarnationId)
      : allocation.incarnationId === incarnationId;
  if (!allocation.hadAllocation || !isSame) throw allocationChanged();
}

// Before anything is touched: the bot may be a new one whose allocation an old copy has overwritten.
async function checkUnsettled(
  ports: DeletionPorts,
  call: DeletionCall,
  { allocation: { settledBy, incarnationId } }: DeletionContext,
): Promise<void> {
  if (settledBy !== null) await refuseSettled(ports, call, incarnationId, settledBy);
}

function allocationChanged() {
  return new TerminalError('ALLOCATION_CHANGED', 'the allocation changed before it was locked');
}

// A number that was no money at the capture may have been corrected since by the operator who retries.
async function checkNumbers({ wallets }: DeletionPorts, deletion: DeletionContext): Promise<void> {
  const { allocation, input } = deletion;
  if (allocation.notMoney === null) return;
  const reading = await wallets.readAllocation(input.userId, input.instanceId);
  if (reading.status !== 'present' || reading.allocation.notMoney === null) return;
  throw notMoney(reading.allocation.notMoney);
}

async function openTombstone(
  ports: DeletionPorts,
  call: DeletionCall,
  { input, tombstone, allocation }: DeletionContext,
): Promise<void> {
  const command = {
    ...tombstone,
    firebaseUid: input.firebaseUid,
    ...observedOf(call),
    slot: call.captures[STEP.pool]?.slot ?? null,
    hadAllocation: allocation.hadAllocation,
  };
  const opened = await takingOver(ports.findSagas, (mayTakeOver) =>
    ports.tombstones.open({ ...command, mayTakeOver }),
  );
  if (opened.status === 'opened') return;
  if (opened.status === 'other-saga') throw lockedBy(opened.sagaId);
  await refuseSettled(ports, call, tombstone.incarnation.incarnationId, opened.sagaId);
}

// @returns the value locked, in dollars; null where there is nothing to pay.
async function writeLock(
  ports: DeletionPorts,
  call: DeletionCall,
  deletion: DeletionContext,
  worth: BotWorth,
): Promise<number | null> {
  const { lockTarget: target, tombstone, allocation } = deletion;
  if (!allocation.hadAllocation) return null;
  // What the bot says, else the captured value; where that was no money yet, whatever stands there now.
  const locked =
    worth.status === 'live'
      ? ({ value: worth.value, isLive: true } as const)
      : { value: allocation.value };
  const { incarnation } = tombstone;
  // At its first attempt this saga cannot have locked anything before.
  const command = {
    ...target,
    incarnation,
    ...locked,
    ...(!call.isRepeat && { isFirst: true as const }),
  };
  const lockedValue = await takingOver(ports.findSagas, (mayTakeOver) =>
    ports.wallets.lock({ ...command, mayTakeOver }),
  );
  switch (lockedValue.status) {
    case 'locked':
      return lockedValue.value;
    case 'account-gone':
      return command.value;
    case 'other-saga':
      throw lockedBy(lockedValue.sagaId);
    case 'not-money':
      throw notMoney(lockedValue);
    case 'fenced':
      throw new FencedError(target.sagaId, target.epoch);
    case 'already-settled':
      return refuseSettled(ports, call, tombstone.incarnation.incarnationId, lockedValue.opId);
    case 'absent':
      // The platform's own deletion may have been faster: then the payment is found by the refund's step.
      if (await isPaidByPlatform(ports, deletion)) return null;
      throw allocationChanged();
    case 'other-incarnation':
      throw allocationChanged();
    default:
      return assertNever(lockedValue);
  }
}

async function isPaidByPlatform(
  { wallets }: DeletionPorts,
  { input, allocation, tombstone: { incarnation } }: DeletionContext,
): Promise<boolean> {
  if (input.orphan !== undefined) return false;
  const { botName, allocatedAmount, readAtMs: knownAtMs } = allocation;
  const known = { incarnation, botName, allocatedAmount, knownAtMs };
  return (await wallets.findPlatformPayment(known)) !== null;
}

/** @throws TerminalError, and reports what came back; FencedError where a newer claim of this very saga settled it. */
async function refuseSettled(
  { findings }: DeletionPorts,
  call: DeletionCall,
  incarnationId: string,
  settledBy: string,
): Promise<never> {
  // A worker that slept through its own saga's settlement finds nothing that came back (I5).
  await call.fence();
  const { userId, instanceId } = call.input;
  await findings.report(resurrected({ userId, instanceId, incarnationId, settledBy }));
  throw settledBefore(settledBy);
}

function notMoney({ field, found }: { readonly field: string; readonly found: string }) {
  return new HoldError(NOT_MONEY, `${field} is not an amount of money: ${found}`, {
    context: { field, found },
  });
}

function lockedBy(sagaId: SagaId) {
  return new RetryableError('LOCKED_BY_OTHER_SAGA', `the allocation is locked by ${sagaId}`);
}

function settledBefore(by: string) {
  return new TerminalError('ALREADY_SETTLED', `this allocation was paid back before, by ${by}`);
}
