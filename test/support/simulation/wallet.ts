// One user's wallet with one bot in it, and the ledger, in memory. What a command comes to is decided by the real
// adapter's own rules; only its update is made here.

import { HoldError } from '../../../packages/saga/src/errors.ts';
import type { Link } from '../../../packages/saga/src/testing/simulation/link.ts';
import type { FirebaseUid, InstanceId } from '../../../src/domain/ids.ts';
import { settlementOpId } from '../../../src/domain/incarnation.ts';
import type { Ledger } from '../../../src/wallet/ledger.ts';
import { NO_PAST } from '../../../src/wallet/mongodb/bot-pasts.ts';
import type { UserReading } from '../../../src/wallet/mongodb/user-reading.ts';
import {
  decideAbort,
  decideMark,
  decideRaise,
  decideSettle,
  decideUnmark,
  receiptOf,
} from '../../../src/wallet/mongodb/wallet-decisions.ts';
import type {
  AllocationReading,
  Mark,
  MarkCommand,
  MarkResult,
  MarkTarget,
  Receipt,
  SettleCommand,
  SettleResult,
  Wallets,
} from '../../../src/wallet/wallets.ts';
import { inertPorts } from '../inert-ports.ts';
import { LIFE } from './plot.ts';

export const OPENING_MINOR = 100_000;
export const VALUE_MINOR = 25_050;

export interface WalletWorld {
  readonly instanceId: InstanceId;
  readonly firebaseUid: FirebaseUid;
  readonly rules: WalletRules;
  balanceMinor: number;
  /** Null: paid back. */
  allocation: AllocationWorld | null;
  /** As it stood before it was paid back: a legacy writer may still hold it. */
  copy: AllocationWorld | null;
  isResurrected: boolean;
  readonly receipts: Receipt[];
  /** Sagas that have taken their marks back. */
  readonly withdrawn: Set<string>;
  /** Every payment, as the user would see it; of each, for how long the bot had been running when it was sent. */
  readonly payments: { readonly runningForMs: number }[];
  readonly ledger: Set<string>;
}

interface AllocationWorld {
  readonly valueMinor: number;
  readonly life: string;
  readonly mark: Mark | null;
}

export const RULES = { decideAbort, decideMark, decideRaise, decideSettle, decideUnmark };
export type WalletRules = typeof RULES;

export function createWalletWorld(
  instanceId: InstanceId,
  firebaseUid: FirebaseUid,
  rules: WalletRules,
): WalletWorld {
  return {
    instanceId,
    firebaseUid,
    rules,
    balanceMinor: OPENING_MINOR,
    allocation: { valueMinor: VALUE_MINOR, life: LIFE, mark: null },
    copy: null,
    isResurrected: false,
    receipts: [],
    withdrawn: new Set(),
    payments: [],
    ledger: new Set(),
  };
}

/** @param runningForMs for how long the bot has been running. */
export function walletsOver(world: WalletWorld, link: Link, runningForMs: () => number): Wallets {
  const send = <T>(what: string, effect: () => T) => link.call('wallet', `wallet ${what}`, effect);
  return {
    ...inertPorts<Wallets>(),
    readAllocation: () => send('read', () => readAllocation(world)),
    mark: (command) => send(`mark ${command.epoch}`, () => mark(world, command)),
    raiseMark: (target) => send(`raise ${target.epoch}`, () => raise(world, target)),
    unmark: (target) => send(`unmark ${target.epoch}`, () => unmark(world, target)),
    abortSettlement: (command) => send(`abort ${command.epoch}`, () => abort(world, command)),
    settle: (command) => {
      const forMs = runningForMs();
      return send(`settle ${command.epoch}`, () => settle(world, command, forMs));
    },
    // Each bot of a simulation is one user's, and no other wallet names it.
    otherHolders: () => send('other holders', () => []),
    findPlatformPayment: () => send('find platform payment', () => null),
    findReceipt: (_, opId) => send('find receipt', () => receiptOf(readingOf(world), opId) ?? null),
  };
}

/** A legacy writer saves a copy of the wallet that knows no marks. */
export function dropMark(world: WalletWorld): void {
  if (world.allocation !== null) world.allocation = { ...world.allocation, mark: null };
}

/** One that still has the allocation saves its copy: mark and all. */
export function resurrect(world: WalletWorld): void {
  world.allocation ??= world.copy;
  world.isResurrected = true;
}

function readingOf(world: WalletWorld): UserReading {
  const { firebaseUid, allocation, receipts, instanceId, withdrawn: withdrawnSagas } = world;
  const bots = allocation === null ? [] : [[instanceId, rowOf(allocation)] as const];
  return { firebaseUid, notMoney: null, allocations: new Map(bots), receipts, withdrawnSagas };
}

function rowOf({ valueMinor, life, mark }: AllocationWorld) {
  const money = { allocatedNotMoney: null, valueNotMoney: null, lockedNotMoney: null };
  const value = valueMinor / 100;
  const isDated = true;
  const rest = { mark, acceptedFrom: null, setAsideAt: null, allocatedAfter: null };
  return { botName: 'bot', life, isDated, value, ...money, ...rest };
}

function readAllocation(world: WalletWorld): AllocationReading {
  const { firebaseUid, allocation, receipts } = world;
  if (allocation === null) return { status: 'absent', firebaseUid };
  const { botName, value, life, mark } = rowOf(allocation);
  const settledOpId = receipts.find((receipt) => receipt.life === life)?.opId ?? null;
  const facts = { botName, life, value, notMoney: null, mark, settledOpId };
  return { status: 'present', firebaseUid, allocation: facts };
}

/** What the rules answer; `again` means that the update's condition holds: it is made, and they are asked again. */
function decided<T>(decide: () => T | 'again', update: () => void): T {
  const first = decide();
  if (first !== 'again') return first;
  update();
  const then = decide();
  if (then === 'again') throw new Error('an update has not done what it is for');
  return then;
}

function mark(world: WalletWorld, command: MarkCommand): MarkResult {
  const opId = settlementOpId(command.incarnation);
  return decided(
    () => world.rules.decideMark(command, opId, NO_PAST, readingOf(world)),
    () => setMark(world, command, { aborting: false }),
  );
}

function setMark(
  world: WalletWorld,
  { sagaId, epoch }: Pick<MarkTarget, 'sagaId' | 'epoch'>,
  { aborting }: Pick<Mark, 'aborting'>,
): void {
  const { allocation } = world;
  if (allocation === null) return;
  const wasAborting = allocation.mark?.sagaId === sagaId && allocation.mark.aborting;
  const value = allocation.valueMinor / 100;
  const raised = { sagaId, epoch, value, aborting: aborting || wasAborting };
  world.allocation = { ...allocation, mark: raised };
}

function raise(world: WalletWorld, target: MarkTarget) {
  return decided(
    () => world.rules.decideRaise(target, readingOf(world)),
    () => setMark(world, target, { aborting: false }),
  );
}

function unmark(world: WalletWorld, target: MarkTarget): 'removed' | 'absent' | 'fenced' {
  const isOwn = world.allocation?.mark?.sagaId === target.sagaId;
  const outcome = decided(
    () => world.rules.decideUnmark(target, readingOf(world)),
    () => {
      if (isOwn) dropMark(world);
      world.withdrawn.add(target.sagaId);
    },
  );
  if (outcome === 'fenced') return 'fenced';
  return isOwn ? 'removed' : 'absent';
}

function abort(world: WalletWorld, command: SettleCommand) {
  return decided(
    () => world.rules.decideAbort(command, readingOf(world)),
    () => setMark(world, command, { aborting: true }),
  );
}

function settle(world: WalletWorld, command: SettleCommand, runningForMs: number): SettleResult {
  const decision = world.rules.decideSettle(command, readingOf(world));
  if (decision !== 'again') return decision;
  return { status: 'settled', receipt: pay(world, command, runningForMs) };
}

function pay(world: WalletWorld, command: SettleCommand, runningForMs: number): Receipt {
  const { opId, incarnation, botName } = command;
  const { userId, instanceId, life } = incarnation;
  const amountMinor = world.allocation?.valueMinor ?? 0;
  const previousBalance = world.balanceMinor / 100;
  world.payments.push({ runningForMs });
  world.balanceMinor += amountMinor;
  world.copy ??= world.allocation;
  world.allocation = null;
  const receipt: Receipt = {
    opId,
    userId,
    instanceId,
    life,
    botName,
    amount: amountMinor / 100,
    pnl: 0,
    previousBalance,
    newBalance: world.balanceMinor / 100,
    amountMinor,
    pnlMinor: 0,
    exactValue: `${amountMinor / 100}`,
    description: 'Returned',
    seq: world.payments.length,
    settledAt: '2026-11-01T00:00:00.000Z',
  };
  world.receipts.push(receipt);
  return receipt;
}

export function ledgerOver({ ledger }: WalletWorld, link: Link): Ledger {
  const add = (opId: string) => {
    if (ledger.has(opId)) return 'exists';
    ledger.add(opId);
    return 'posted';
  };
  return {
    ...inertPorts<Ledger>(),
    post: ({ receipt }) => link.call('wallet', 'ledger post', () => add(receipt.opId)),
    find: (opId) =>
      link.call('wallet', 'ledger find', () => {
        if (ledger.has(opId)) throw new HoldError('UNREADABLE', 'a receipt was lost');
        return null;
      }),
  };
}
