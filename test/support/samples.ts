// What the sources show of a bot and what a deletion stores of it, with everything filled in that a test does not care about.

import type { AllocationCapture } from '../../src/deletion/captures.ts';
import type { DeleteBotInput } from '../../src/deletion/delete-bot-input.ts';
import type { ObservedDedicated, ObservedPooled } from '../../src/domain/bot.ts';
import { toInstanceId, toUserId } from '../../src/domain/ids.ts';
import type { DriftNote } from '../../src/sync/sync-reports.ts';
import type { Receipt } from '../../src/wallet/receipts.ts';

export const USER_ID = toUserId('6500000000000000000000aa');

/** A program that runs in the pool of `uid-1`. */
export function observedPooled(given: Partial<ObservedPooled> = {}): ObservedPooled {
  return {
    kind: 'pooled',
    host: 'a',
    containerId: 'c1',
    containerName: 'freqtrade-pool-uid-1-pool-1',
    labels: {},
    poolRunning: true,
    conf: 'present',
    program: 'RUNNING',
    programs: [],
    ...given,
  };
}

/** A container of its own that runs. */
export function observedDedicated(given: Partial<ObservedDedicated> = {}): ObservedDedicated {
  return {
    kind: 'dedicated',
    host: 'a',
    containerId: 'c1',
    containerName: 'freqtrade-uid-1-bot-1',
    labels: {},
    running: true,
    paused: false,
    restartPolicy: 'no',
    ...given,
  };
}

export function deletionInput(given: Partial<DeleteBotInput> = {}): DeleteBotInput {
  return {
    userId: USER_ID,
    firebaseUid: null,
    instanceId: toInstanceId('bot-1'),
    onStopFailure: 'restore',
    stopTimeoutMs: 1_000,
    ...given,
  };
}

/** Of an allocation that nothing is wrong with. */
export function allocationCapture(given: Partial<AllocationCapture> = {}): AllocationCapture {
  return {
    account: 'there',
    hadAllocation: true,
    incarnationId: '2026-10-02T09:30:00.000Z',
    botName: 'bot',
    value: 250.5,
    notMoney: null,
    settledBy: null,
    readAtMs: 0,
    allocatedAmount: 250.5,
    ...given,
  };
}

/** Of the payment of that allocation. */
export function receiptOf(given: Partial<Receipt> = {}): Receipt {
  return {
    ...{ opId: 'settle.1', userId: USER_ID, instanceId: toInstanceId('bot-1'), botName: 'bot' },
    ...{ amount: 250.5, amountMinor: 25_050, exactValue: '250.5', pnl: 0, pnlMinor: 0, seq: 1 },
    ...{ previousBalance: 0, newBalance: 250.5, description: 'Returned' },
    settledAt: '2026-11-01T00:00:00.000Z',
    ...given,
  };
}

/** Of a bot that Docker shows and the pool state does not name, twice. */
export function driftNote(given: Partial<DriftNote> = {}): DriftNote {
  return {
    instanceId: toInstanceId('uid-1-bot-1'),
    botName: 'bot',
    verdict: 'lost-entry',
    outcome: 'confirmed',
    reason: null,
    detail: null,
    allocation: null,
    sagaId: null,
    dueAtMs: 0,
    first: { poolState: 'no', docker: 'yes' },
    second: { poolState: 'no', docker: 'yes' },
    ...given,
  };
}
