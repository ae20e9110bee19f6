// Step 4, the pivot: money the user has seen is never taken back (I6). Observes the bot once more (has it stopped, is
// the orphan still one), then settles, by the executor that all settlements share.

import {
  FencedError,
  InDoubtError,
  type Observed,
  TerminalError,
  type Warning,
  type WithWarnings,
  withWarnings,
} from '@reclaim/saga';
import { assertNever } from '../../domain/assert-never.ts';
import type { Receipt } from '../../wallet/receipts.ts';
import { settleAllocation } from '../../wallet/settle-allocation.ts';
import { REFUND, type RefundValue } from '../captures.ts';
import { deadlineOf } from '../stop-policy.ts';
import {
  capturedBot,
  contextOf,
  type DeletionCall,
  type DeletionContext,
  type DeletionPorts,
  MONEY_TIMEOUT_MS,
} from './step-ports.ts';

/** A pivot whose database is slow or contended goes on for a long time before it asks for a person. */
const PIVOT_RETRY = { attempts: 1_000, baseMs: 50, capMs: 2_000 } as const;

/** The last observation before the money moves; throws where it must not. */
export type ConfirmBeforePayment = (call: DeletionCall) => Promise<Confirmed>;

export interface Confirmed extends Pick<RefundValue, 'replacements' | 'gaveUp'> {
  readonly warnings: readonly Warning[];
}

export function refundWallet(ports: DeletionPorts, confirmBeforePayment: ConfirmBeforePayment) {
  return {
    retry: PIVOT_RETRY,
    timeoutMs: MONEY_TIMEOUT_MS,
    resultSchema: REFUND,
    run: async (call: DeletionCall): Promise<WithWarnings<RefundValue>> => {
      const { warnings: confirmed, ...observed } = await confirmBeforePayment(call);
      const { value, warnings } = await settle(ports, call, contextOf(call));
      return withWarnings({ ...value, ...observed }, [...confirmed, ...warnings]);
    },
    observe: (call: DeletionCall) => findReceipt(ports, call),
    abort: async (call: DeletionCall) => {
      const aborted = await ports.wallets.abortSettlement(contextOf(call).settlement);
      if (aborted === 'fenced') throw new FencedError(call.sagaId, call.epoch);
      return findReceipt(ports, call);
    },
  };
}

interface Refunded {
  readonly value: RefundValue;
  readonly warnings: readonly Warning[];
}

async function findReceipt(
  { wallets, ledger }: DeletionPorts,
  call: DeletionCall,
): Promise<Observed<RefundValue>> {
  const { userId, opId } = contextOf(call).settlement;
  const receipt = await wallets.findReceipt(userId, opId);
  if (receipt !== null) {
    const { value, warnings } = paid(receipt);
    const isGivenUp = mayBeGivenUp(call, receipt);
    return { outcome: 'landed', value: isGivenUp ? { ...value, gaveUp: true } : value, warnings };
  }
  // The ledger outlives the row: then the money went, and the receipt is in this saga's log or lost.
  if ((await ledger.find(opId)) === null) return { outcome: 'absent' };
  return {
    outcome: 'unknown',
    reason: `${opId} is in the ledger, but its receipt is not readable`,
  };
}

/** Of the attempt that paid only the receipt is left. After the time of the stop it may have given up a bot that ran again:
 * then nobody has observed it at rest (I4). */
function mayBeGivenUp(call: DeletionCall, { settledAt }: Receipt): boolean {
  const deadlineMs = deadlineOf(call);
  if (capturedBot(call) === null || deadlineMs === null) return false;
  return call.input.onStopFailure === 'refund' && Date.parse(settledAt) >= deadlineMs;
}

async function settle(
  ports: DeletionPorts,
  call: DeletionCall,
  { settlement, allocation }: DeletionContext,
): Promise<Refunded> {
  const { allocatedAmount, hadAllocation, readAtMs } = allocation;
  const settled = await settleAllocation(ports, call, {
    command: settlement,
    // With the value captured at the lock.
    relock: {
      value: settlement.lockedValue,
      ...(isLive(settlement) && {
        isLive: true as const,
        ...(allocatedAmount !== null && { allocatedAmount }),
      }),
    },
    allocation: hadAllocation ? { knownAtMs: readAtMs, allocatedAmount } : null,
  });
  switch (settled.status) {
    case 'paid':
      return paid(settled.receipt);
    case 'nothing-to-pay':
      return { value: { receipt: null, account: 'there' }, warnings: [] };
    case 'account-gone':
      return accountGone();
    case 'locked':
      throw new InDoubtError(
        'LOCKED_BY_OTHER_SAGA',
        `the allocation is locked by ${settled.sagaId}`,
      );
    case 'other-incarnation':
      throw new TerminalError(
        'OTHER_INCARNATION',
        'another incarnation of this bot holds the allocation',
      );
    default:
      return assertNever(settled);
  }
}

function isLive({ worth }: DeletionContext['settlement']): boolean {
  return worth?.status === 'live';
}

function accountGone(): Refunded {
  return {
    value: { receipt: null, account: 'gone' },
    warnings: [{ code: 'account-gone', message: 'the user does not exist any more' }],
  };
}

function paid(receipt: Receipt): Refunded {
  const { overwrittenValue, exactValue } = receipt;
  const value: RefundValue = { receipt, account: 'there' };
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
  return { value, warnings };
}
