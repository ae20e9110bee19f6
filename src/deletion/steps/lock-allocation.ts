// Step 1: the semantic lock. Checks the numbers before anything is touched, writes the tombstone that keeps
// the bot from being revived, and marks the allocation as closing. I2: the mark names the incarnation, so
// that a later life of the same id is never paid by this saga.

import {
  type CompensatableStep,
  FencedError,
  HoldError,
  type Json,
  RetryableError,
  type SagaId,
  type StepCall,
  type StepResult,
  TerminalError,
  toSagaId,
} from '@reclaim/saga';
import { assertNever } from '../../domain/assert-never.ts';
import type { BotWorth } from '../../domain/bot-worth.ts';
import { isStamped, stampedLife } from '../../domain/incarnation.ts';
import { resurrected } from '../../findings/findings.ts';
import { takingOver } from '../../wallet/closed-sagas.ts';
import { findPlatformPayment } from '../../wallet/platform-payment.ts';
import { askWorth } from '../bot-worth.ts';
import { ALLOCATION_CAPTURE, LOCK_VALUE, POOL_CAPTURE } from '../captures.ts';
import { readInput } from '../delete-bot-input.ts';
import { reportForeign } from './report-foreign.ts';
import {
  capturedBot,
  type DeletionPorts,
  type DeletionScene,
  MONEY_RETRY,
  MONEY_TIMEOUT_MS,
  STEP,
  sceneOf,
  seenOf,
  UNDO_RETRY,
} from './step-ports.ts';
import { NOT_MONEY, STOP_BOT, stopUnpaid } from './stop-unpaid.ts';

export function createLockAllocationStep(ports: DeletionPorts): CompensatableStep {
  return {
    kind: 'compensatable',
    name: STEP.lock,
    retry: MONEY_RETRY,
    compensateRetry: UNDO_RETRY,
    timeoutMs: MONEY_TIMEOUT_MS,
    capture: (call) => capture(ports, call),
    run: async (call) => {
      try {
        return await lock(ports, call);
      } catch (error) {
        const isOnNumbers = error instanceof HoldError && error.code === NOT_MONEY;
        if (!isOnNumbers || call.choice !== STOP_BOT) throw error;
        return stopUnpaid(ports, call, error);
      }
    },
    compensate: async (call) => {
      const { mark: target, tombstone } = sceneOf(call);
      const unmarked = await ports.wallets.unmark(target);
      if (unmarked === 'fenced') throw new FencedError(call.sagaId, call.epoch);
      await ports.tombstones.withdraw(tombstone);
    },
  };
}

async function lock(ports: DeletionPorts, call: StepCall): Promise<StepResult> {
  const scene = sceneOf(call);
  checkLife(scene);
  await checkUnsettled(ports, call, scene);
  await checkNumbers(ports, scene);
  await reportForeign(ports, call);
  // Before anything is locked: it may take seconds.
  const worth = scene.allocation.hadAllocation ? await askWorth(ports, call) : STORED;
  // Together: neither needs the other, both repeat, and the undo takes back whichever landed.
  const [, lockedValue] = await Promise.all([
    openTombstone(ports, call, scene),
    mark(ports, call, scene, worth),
  ]);
  const sawBot = capturedBot(call) !== null;
  return { value: LOCK_VALUE.write({ lockedValue, sawBot, worth }) };
}

const STORED: BotWorth = { status: 'stored' };

async function capture({ wallets }: DeletionPorts, call: StepCall): Promise<Json> {
  const { userId, instanceId } = readInput(call.input);
  const reading = await wallets.readAllocation(userId, instanceId);
  const nothing = {
    hadAllocation: false,
    life: `none:${call.sagaId}`,
    botName: instanceId,
    readAtMs: call.nowMs(),
    allocatedAmount: null,
    value: null,
    notMoney: null,
    settledBy: null,
  };
  switch (reading.status) {
    case 'account-gone':
      return write({ account: 'gone', ...nothing });
    case 'absent':
      return write({ account: 'there', ...nothing });
    case 'present': {
      const { life, botName, value, notMoney, settledOpId, allocatedAmount } = reading.allocation;
      return write({
        account: 'there',
        hadAllocation: true,
        life: life ?? stampedLife(toSagaId(call.sagaId)),
        botName,
        readAtMs: call.nowMs(),
        allocatedAmount: allocatedAmount ?? null,
        value: notMoney === null ? value : null,
        notMoney,
        settledBy: settledOpId,
      });
    }
    default:
      return assertNever(reading);
  }
}

const write = ALLOCATION_CAPTURE.write;

// An orphan is one allocation, seen twice: whatever stands there now instead was never looked at.
function checkLife({ allocation, input }: DeletionScene): void {
  if (input.orphan === undefined) return;
  const { life } = input.orphan;
  const isSame = life === null ? isStamped(allocation.life) : allocation.life === life;
  if (!allocation.hadAllocation || !isSame) throw allocationChanged();
}

// Before anything is touched: the bot may be a new one whose allocation an old copy has overwritten.
async function checkUnsettled(
  ports: DeletionPorts,
  call: StepCall,
  { allocation: { settledBy, life } }: DeletionScene,
): Promise<void> {
  if (settledBy !== null) await refuseSettled(ports, call, life, settledBy);
}

function allocationChanged() {
  return new TerminalError('ALLOCATION_CHANGED', 'the allocation changed before it was locked');
}

// A number that was no money at the capture may have been corrected since by the operator who retries.
async function checkNumbers({ wallets }: DeletionPorts, scene: DeletionScene): Promise<void> {
  const { allocation, input } = scene;
  if (allocation.notMoney === null) return;
  const reading = await wallets.readAllocation(input.userId, input.instanceId);
  if (reading.status !== 'present' || reading.allocation.notMoney === null) return;
  throw notMoney(reading.allocation.notMoney);
}

async function openTombstone(
  ports: DeletionPorts,
  call: StepCall,
  { input, tombstone, allocation }: DeletionScene,
): Promise<void> {
  const command = {
    ...tombstone,
    firebaseUid: input.firebaseUid,
    ...seenOf(capturedBot(call)),
    slot: POOL_CAPTURE.readOrNull(call.captures[STEP.pool])?.slot ?? null,
    hadAllocation: allocation.hadAllocation,
  };
  const opened = await takingOver(ports.findSagas, (mayTakeOver) =>
    ports.tombstones.open({ ...command, mayTakeOver }),
  );
  if (opened.status === 'opened') return;
  if (opened.status === 'other-saga') throw lockedBy(opened.sagaId);
  await refuseSettled(ports, call, tombstone.incarnation.life, opened.sagaId);
}

// @returns the value locked, in dollars; null where there is nothing to pay.
async function mark(
  ports: DeletionPorts,
  call: StepCall,
  scene: DeletionScene,
  worth: BotWorth,
): Promise<number | null> {
  const { mark: target, tombstone, allocation } = scene;
  if (!allocation.hadAllocation) return null;
  // What the bot says, else the captured value; where that was no money yet, whatever stands there now.
  const locked =
    worth.status === 'live'
      ? ({ value: worth.value, isLive: true } as const)
      : { value: allocation.value };
  const command = { ...target, incarnation: tombstone.incarnation, ...locked };
  const marked = await takingOver(ports.findSagas, (mayTakeOver) =>
    ports.wallets.mark({ ...command, mayTakeOver }),
  );
  switch (marked.status) {
    case 'marked':
      return marked.value;
    case 'account-gone':
      return command.value;
    case 'other-saga':
      throw lockedBy(marked.sagaId);
    case 'not-money':
      throw notMoney(marked);
    case 'fenced':
      throw new FencedError(target.sagaId, target.epoch);
    case 'already-settled':
      return refuseSettled(ports, call, tombstone.incarnation.life, marked.opId);
    case 'absent':
      // The platform's own deletion may have been faster: then the payment is found by the refund's step.
      if (await isPaidByPlatform(ports, scene)) return null;
      throw allocationChanged();
    case 'other-incarnation':
      throw allocationChanged();
    default:
      return assertNever(marked);
  }
}

async function isPaidByPlatform(
  ports: DeletionPorts,
  { input, allocation, tombstone: { incarnation } }: DeletionScene,
): Promise<boolean> {
  if (input.orphan !== undefined) return false;
  const { botName, allocatedAmount, readAtMs: knownAtMs } = allocation;
  const known = { incarnation, botName, allocatedAmount, knownAtMs };
  return (await findPlatformPayment(ports, known)) !== null;
}

/** @throws TerminalError, and reports what came back; FencedError where a newer claim of this very saga settled it. */
async function refuseSettled(
  { findings }: DeletionPorts,
  call: StepCall,
  life: string,
  settledBy: string,
): Promise<never> {
  // A worker that slept through its own saga's settlement finds nothing that came back (I5).
  await call.fence();
  const { userId, instanceId } = readInput(call.input);
  await findings.report(resurrected({ userId, instanceId, life, settledBy }));
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
