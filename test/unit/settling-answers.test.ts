// What the lock's step and the payment's make of each answer of the wallet, of the tombstones and of the books: whether
// it is tried again, undone, or left for a person, and that nothing is paid by a guess (I2).

import { describe, expect, it } from 'vitest';
import {
  FencedError,
  HoldError,
  InDoubtError,
  RetryableError,
  TerminalError,
} from '../../packages/saga/src/errors.ts';
import { toSagaId } from '../../packages/saga/src/saga-id.ts';
import { STORED_VALUES } from '../../src/bots/bot-valuation.ts';
import type { DeleteBotInput } from '../../src/deletion/delete-bot-input.ts';
import { lockAllocation } from '../../src/deletion/steps/lock-allocation.ts';
import { refundWallet } from '../../src/deletion/steps/refund-wallet.ts';
import {
  type DeletionCall,
  type DeletionPorts,
  STEP,
} from '../../src/deletion/steps/step-ports.ts';
import type { OpenResult } from '../../src/tombstones/tombstones.ts';
import type { Receipt } from '../../src/wallet/receipts.ts';
import type { LockResult, SettleResult, Wallets } from '../../src/wallet/wallets.ts';
import { inertPorts } from '../fakes/inert-ports.ts';
import { allocationCapture, deletionInput, receiptOf } from '../support/samples.ts';

const ID = toSagaId('del-0mvx2cqo0dqqe9xwr1uq2r');
const OTHER = toSagaId('del-0mvx2cqo0dqqe9xwr1uq2s');
const ORPHAN: Partial<DeleteBotInput> = {
  orphan: { incarnationId: allocationCapture().incarnationId },
};

const LOCKED: LockResult = { status: 'locked', value: 250.5 };

interface Answers {
  readonly lock?: LockResult;
  readonly settle?: SettleResult;
  readonly abort?: Awaited<ReturnType<Wallets['abortSettlement']>>;
  readonly tombstone?: OpenResult;
  /** The platform's own payment. */
  readonly paid?: Receipt | null;
  readonly receipt?: Receipt | null;
  readonly isInLedger?: boolean;
  /** Whether the other saga still is. */
  readonly isOtherOpen?: boolean;
}

function setUp(answers: Answers, input: Partial<DeleteBotInput> = {}) {
  const known = {
    wallets: {
      ...inertPorts<Wallets>(),
      lock: async () => answers.lock,
      settle: async () => answers.settle,
      abortSettlement: async () => answers.abort,
      findPlatformPayment: async () => answers.paid ?? null,
      findReceipt: async () => answers.receipt ?? null,
      unlock: async () => 'fenced',
    },
    tombstones: { open: async () => answers.tombstone ?? { status: 'opened' } },
    ledger: { find: async () => (answers.isInLedger ? {} : null) },
    findings: { report: async () => undefined },
    findSagas: async () => new Map([[OTHER, { open: answers.isOtherOpen ?? true }]]),
    valuation: STORED_VALUES,
  };
  const ports = { ...inertPorts<DeletionPorts>(), ...known } as unknown as DeletionPorts;
  const call = {
    ...inertPorts<DeletionCall>(),
    ...{ sagaId: ID, epoch: 1, input: deletionInput(input), results: {} },
    captures: { [STEP.lock]: allocationCapture() },
    ...{ fence: async () => undefined, fencedWrite: async () => undefined },
    signal: new AbortController().signal,
  };
  return { ports, call };
}

async function expectError(work: Promise<unknown>, kind: unknown, code: string): Promise<void> {
  const error = await work.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(kind);
  expect(error).toMatchObject({ code });
}

describe('the lock', () => {
  it.each<[string, Answers, Partial<DeleteBotInput>, unknown, string]>([
    [
      'another saga’s, which is open',
      { lock: { status: 'other-saga', sagaId: OTHER } },
      {},
      RetryableError,
      'LOCKED_BY_OTHER_SAGA',
    ],
    [
      'another saga’s tombstone',
      { lock: LOCKED, tombstone: { status: 'other-saga', sagaId: OTHER } },
      {},
      RetryableError,
      'LOCKED_BY_OTHER_SAGA',
    ],
    [
      'no money',
      { lock: { status: 'not-money', field: 'paperWallet.balance', found: 'x' } },
      {},
      HoldError,
      'NOT_MONEY',
    ],
    ['fenced', { lock: { status: 'fenced' } }, {}, FencedError, 'FENCED'],
    [
      'settled before',
      { lock: { status: 'already-settled', opId: 'settle.1' } },
      {},
      TerminalError,
      'ALREADY_SETTLED',
    ],
    [
      'another incarnation',
      { lock: { status: 'other-incarnation', incarnationId: 'x' } },
      {},
      TerminalError,
      'ALLOCATION_CHANGED',
    ],
    [
      'gone, and nobody has paid',
      { lock: { status: 'absent' } },
      {},
      TerminalError,
      'ALLOCATION_CHANGED',
    ],
    [
      'an orphan’s, gone and paid',
      { lock: { status: 'absent' }, paid: receiptOf() },
      ORPHAN,
      TerminalError,
      'ALLOCATION_CHANGED',
    ],
  ])('%s: nothing is locked', async (_, answers, input, kind, code) => {
    const { ports, call } = setUp(answers, input);
    await expectError(lockAllocation(ports).run(call), kind, code);
  });

  it.each<[string, Answers, number | null]>([
    ['gone, and the platform has paid', { lock: { status: 'absent' }, paid: receiptOf() }, null],
    ['the account is gone', { lock: { status: 'account-gone' } }, 250.5],
  ])('%s: the deletion goes on', async (_, answers, lockedValue) => {
    const { ports, call } = setUp(answers);
    expect(await lockAllocation(ports).run(call)).toMatchObject({ lockedValue });
  });

  it('taken back under a newer claim: fenced, and the tombstone stays (I5)', async () => {
    const { ports, call } = setUp({});
    await expect(lockAllocation(ports).compensate(call)).rejects.toBeInstanceOf(FencedError);
  });
});

describe('the payment', () => {
  const stepOf = (ports: DeletionPorts) => refundWallet(ports, async () => ({ warnings: [] }));

  it.each<[string, Answers, unknown, string]>([
    [
      'locked by another saga, which is open',
      { settle: { status: 'other-saga', sagaId: OTHER } },
      InDoubtError,
      'LOCKED_BY_OTHER_SAGA',
    ],
    [
      'another incarnation',
      { settle: { status: 'other-incarnation', incarnationId: 'x' } },
      TerminalError,
      'OTHER_INCARNATION',
    ],
    [
      'gone, and nobody has paid',
      { settle: { status: 'absent' } },
      HoldError,
      'ALLOCATION_VANISHED',
    ],
    ['fenced', { settle: { status: 'fenced' } }, FencedError, 'FENCED'],
  ])('%s: nothing is paid', async (_, answers, kind, code) => {
    const { ports, call } = setUp(answers);
    await expectError(stepOf(ports).run(call), kind, code);
  });

  it('in the books, and its receipt is nowhere: unknown, not absent (I2)', async () => {
    const lost = setUp({ isInLedger: true });
    expect(await stepOf(lost.ports).observe(lost.call)).toMatchObject({ outcome: 'unknown' });
    const never = setUp({});
    expect(await stepOf(never.ports).observe(never.call)).toEqual({ outcome: 'absent' });
  });

  it('aborted under a newer claim: fenced, whatever the books say (I5)', async () => {
    const { ports, call } = setUp({ abort: 'fenced' });
    await expect(stepOf(ports).abort(call)).rejects.toBeInstanceOf(FencedError);
  });
});
