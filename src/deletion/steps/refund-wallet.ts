// Step 4, the pivot: money the user has seen is never taken back (I6). Looks at the bot once more (has it
// stopped, is the orphan still one), then settles. I2: one settlement per incarnation: the wallet finds the entry by its opId, so that a repeat pays
// nothing and the loser of a race gets the winner's receipt. What to do where the settlement found no match
// is decided here, case by case; the wallet only tells which case it is.

import {
  FencedError,
  HoldError,
  InDoubtError,
  type Observation,
  type PivotStep,
  RetryableError,
  type StepCall,
  type StepResult,
  TerminalError,
  type Warning,
} from '@reclaim/saga';
import { assertNever } from '../../domain/assert-never.ts';
import type { Receipt, SettleResult } from '../../wallet/wallets.ts';
import { REFUND_VALUE } from '../captures.ts';
import { findPlatformPayment } from './platform-payment.ts';
import {
  type DeletionPorts,
  type DeletionScene,
  MONEY_TIMEOUT_MS,
  STEP,
  sceneOf,
} from './step-ports.ts';

/** A pivot whose database is slow or contended goes on for a long time before it asks for a person. */
const PIVOT_RETRY = { attempts: 1_000, baseMs: 50, capMs: 2_000 } as const;
/** Marks dropped and raised again in one attempt: a legacy writer is fast, but not this fast. */
const MAX_ROUNDS = 20;

/** The last look before the money moves; throws where it must not. */
export type LookBeforePayment = (call: StepCall) => Promise<readonly Warning[]>;

export function createRefundWalletStep(
  ports: DeletionPorts,
  lookBeforePayment: LookBeforePayment,
): PivotStep {
  return {
    kind: 'pivot',
    name: STEP.refund,
    retry: PIVOT_RETRY,
    timeoutMs: MONEY_TIMEOUT_MS,
    run: async (call) => {
      const warnings = await lookBeforePayment(call);
      const settled = await settle(ports, call, sceneOf(call));
      return { ...settled, warnings: [...warnings, ...(settled.warnings ?? [])] };
    },
    observe: (call) => findReceipt(ports, sceneOf(call)),
    abort: async (call) => {
      const scene = sceneOf(call);
      const aborted = await ports.wallets.abortSettlement(scene.settlement);
      if (aborted === 'fenced') throw new FencedError(call.sagaId, call.epoch);
      return findReceipt(ports, scene);
    },
  };
}

async function findReceipt(
  { wallets, ledger }: DeletionPorts,
  { settlement }: DeletionScene,
): Promise<Observation> {
  const { userId, opId } = settlement;
  const receipt = await wallets.findReceipt(userId, opId);
  if (receipt !== null) return { outcome: 'landed', ...paid(receipt) };
  // The ledger outlives the row: then the money went, and the receipt is in this saga's log or lost.
  if ((await ledger.find(opId)) === null) return { outcome: 'absent' };
  return {
    outcome: 'unknown',
    reason: `${opId} is in the ledger, but its receipt is not readable`,
  };
}

async function settle(
  ports: DeletionPorts,
  call: StepCall,
  scene: DeletionScene,
): Promise<StepResult> {
  const { wallets } = ports;
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    // An attempt that outlasted its time goes on alone: the saga may be back where it began, its mark removed, and
    // the next round would find that the mark was dropped, set it and pay (I6).
    call.signal.throwIfAborted();
    const result = await wallets.settle(scene.settlement);
    switch (result.status) {
      case 'settled':
        return paid(result.receipt);
      case 'absent':
        return nothingToPay(ports, scene);
      case 'account-gone':
        return accountGone();
      case 'mark-dropped':
        await markAgain(ports, call, scene, []);
        break;
      case 'other-saga':
        await takeOver(ports, call, scene, result);
        break;
      case 'stale-mark':
        // Fenced first: a worker that lost its claim must not raise a mark to an epoch that is not its.
        await call.fencedWrite();
        await wallets.raiseMark(scene.mark);
        break;
      case 'fenced':
        throw new FencedError(call.sagaId, call.epoch);
      case 'other-incarnation':
        throw new TerminalError(
          'OTHER_INCARNATION',
          'another life of this bot holds the allocation',
        );
      case 'not-money':
        throw new HoldError(
          'NOT_MONEY',
          `${result.field} is not an amount of money: ${result.found}`,
        );
      default:
        return assertNever(result);
    }
  }
  throw new RetryableError('MARK_CONTENDED', 'the mark is dropped faster than it can be set');
}

// (b) A legacy writer dropped the mark: it is set again with the value captured at the lock.
async function markAgain(
  { wallets }: DeletionPorts,
  call: StepCall,
  { mark, tombstone, settlement, allocation }: DeletionScene,
  mayTakeOver: Parameters<DeletionPorts['wallets']['mark']>[0]['mayTakeOver'],
): Promise<void> {
  await call.fencedWrite();
  const { incarnation } = tombstone;
  const { allocatedAmount } = allocation;
  const locked = {
    value: settlement.lockedValue,
    ...(isLive(settlement) && {
      isLive: true as const,
      ...(allocatedAmount !== null && { allocatedAmount }),
    }),
  };
  const marked = await wallets.mark({ ...mark, incarnation, ...locked, mayTakeOver });
  if (marked.status === 'fenced') throw new FencedError(call.sagaId, call.epoch);
  // Every other answer is seen again, and decided, by the settlement that follows.
}

// (c) Another saga's mark: in doubt while that saga is open; left behind by one that is not, it is replaced.
async function takeOver(
  ports: DeletionPorts,
  call: StepCall,
  scene: DeletionScene,
  { sagaId }: Extract<SettleResult, { status: 'other-saga' }>,
): Promise<void> {
  const other = (await ports.findSagas([sagaId])).get(sagaId);
  if (other?.open === true) {
    throw new InDoubtError('OTHER_SAGA_MARK', `the allocation is marked by ${sagaId}`);
  }
  await markAgain(ports, call, scene, [sagaId]);
}

// (e) and (f): told apart by what the lock recorded. Gone with a row of the platform's that the balance agrees with: its
// own deletion came first, and paid.
async function nothingToPay(ports: DeletionPorts, scene: DeletionScene): Promise<StepResult> {
  if (!scene.allocation.hadAllocation) return { value: REFUND_VALUE.write(EMPTY) };
  const receipt = await findPlatformPayment(ports, scene);
  if (receipt !== null) return paid(receipt);
  throw new HoldError(
    'ALLOCATION_VANISHED',
    'the allocation was there at the lock and is gone without a receipt',
  );
}

function isLive({ worth }: DeletionScene['settlement']): boolean {
  return worth?.status === 'live';
}

const EMPTY = { receipt: null, account: 'there' } as const;

function accountGone(): StepResult {
  return {
    value: REFUND_VALUE.write({ receipt: null, account: 'gone' }),
    warnings: [{ code: 'account-gone', message: 'the user does not exist any more' }],
  };
}

function paid(receipt: Receipt) {
  const { overwrittenValue, exactValue } = receipt;
  const value = REFUND_VALUE.write({ receipt, account: 'there' });
  if (receipt.paidBy === 'platform') {
    const message = 'the platform deleted it at the same time, and paid; nothing was paid twice';
    return { value, warnings: [{ code: 'paid-by-platform', message }] };
  }
  const warnings: Warning[] = [];
  if (receipt.valueSource === 'stored') {
    const reason = receipt.notLive ?? 'it could not be asked';
    const message = `the stored value was paid, not the bot's own: ${reason}`;
    warnings.push({ code: 'value-not-live', message });
  }
  if (overwrittenValue !== undefined) {
    const message = `currentValue had been overwritten with ${overwrittenValue}; ${exactValue} was paid`;
    warnings.push({ code: 'value-overwritten', message });
  }
  return warnings.length === 0 ? { value } : { value, warnings };
}
