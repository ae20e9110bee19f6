// The wallets in memory. What a command comes to is decided by the real adapter's own rules; only its update is made here.

import type { Link } from '../../packages/saga/src/testing/index.ts';
import { settlementOpId } from '../../src/domain/incarnation.ts';
import { NO_PAST } from '../../src/wallet/mongodb/bot-pasts.ts';
import type { UserReading } from '../../src/wallet/mongodb/user-reading.ts';
import { receiptOf } from '../../src/wallet/mongodb/wallet-decisions.ts';
import type { Receipt } from '../../src/wallet/receipts.ts';
import type {
  AllocationLock,
  AllocationReading,
  LockCommand,
  LockResult,
  LockTarget,
  ReserveOrder,
  ReserveResult,
  SettleCommand,
  SettleResult,
  Wallets,
  WithdrawResult,
} from '../../src/wallet/wallets.ts';
import { inertPorts } from './inert-ports.ts';
import {
  type AllocationWorld,
  dropLock,
  moneyOf,
  type Names,
  type WalletWorld,
} from './wallet-world.ts';

/** @param all the money of every bot. */
export function walletsOver(all: readonly WalletWorld[], link: Link): Wallets {
  const of = (bot: Pick<Names, 'userId' | 'instanceId'>) => moneyOf(all, bot);
  const send = <T>(what: string, effect: () => T) => link.call('wallet', `wallet ${what}`, effect);
  return {
    ...inertPorts<Wallets>(),
    reserve: (order) => send('reserve', () => reserve(of(order), order)),
    withdrawReserve: (order) => send('withdraw', () => withdrawReserve(of(order), order)),
    readAllocation: (userId, instanceId) =>
      send('read', () => readAllocation(of({ userId, instanceId }))),
    lock: (command) => send(`lock ${command.epoch}`, () => lock(of(command), command)),
    raiseLock: (target) => send(`raise ${target.epoch}`, () => raise(of(target), target)),
    unlock: (target) => send(`unlock ${target.epoch}`, () => unlock(of(target), target)),
    abortSettlement: (command) => send(`abort ${command.epoch}`, () => abort(of(command), command)),
    settle: (command) => {
      const forMs = of(command).runningForMs();
      return send(`settle ${command.epoch}`, () => settle(of(command), command, forMs));
    },
    // Each bot of a simulation is one user's, and no other wallet names it.
    otherHolders: () => send('other holders', () => []),
    findPlatformPayment: () => send('find platform payment', () => null),
    findReceipt: (userId, opId) =>
      send('find receipt', () => {
        const own = all.filter((one) => one.userId === userId);
        return own.map((one) => receiptOf(readingOf(one), opId)).find((one) => one) ?? null;
      }),
  };
}

// As the adapter decides on what it reads back.
function reserve(world: WalletWorld, order: ReserveOrder): ReserveResult {
  const { opId, amountMinor, userId, instanceId, botName } = order;
  if (world.rules.isForbidden(world.withdrawn, opId)) return { status: 'withdrawn' };
  if (world.reserved?.opId === opId) return { status: 'reserved', reservation: world.reserved };
  if (world.allocation !== null) return { status: 'occupied' };
  const { balanceMinor } = world;
  if (balanceMinor < amountMinor) {
    return { status: 'insufficient-funds', balance: balanceMinor / 100 };
  }
  const incarnationId = new Date(world.nowMs()).toISOString();
  world.balanceMinor -= amountMinor;
  world.allocation = { valueMinor: amountMinor, incarnationId, lock: null };
  world.reserved = {
    ...{ opId, userId, instanceId, incarnationId, botName, amountMinor },
    previousBalance: balanceMinor / 100,
    newBalance: world.balanceMinor / 100,
    description: 'Allocated',
    seq: 1,
  };
  return { status: 'reserved', reservation: world.reserved };
}

function withdrawReserve(world: WalletWorld, { opId }: ReserveOrder): WithdrawResult {
  world.withdrawn.add(opId);
  const { reserved } = world;
  return reserved === null
    ? { status: 'withdrawn' }
    : { status: 'reserved', reservation: reserved };
}

function readingOf(world: WalletWorld): UserReading {
  const { firebaseUid, allocation, receipts, instanceId, withdrawn: withdrawnSagas } = world;
  const bots = allocation === null ? [] : [[instanceId, rowOf(allocation)] as const];
  return { firebaseUid, notMoney: null, allocations: new Map(bots), receipts, withdrawnSagas };
}

function rowOf({ valueMinor, incarnationId, lock }: AllocationWorld) {
  const money = { allocatedNotMoney: null, valueNotMoney: null, lockedNotMoney: null };
  const value = valueMinor / 100;
  const isDated = true;
  const rest = { lock, acceptedFrom: null, setAsideAt: null, allocatedAfter: null };
  return { botName: 'bot', incarnationId, isDated, value, ...money, ...rest };
}

function readAllocation(world: WalletWorld): AllocationReading {
  const { firebaseUid, allocation, receipts } = world;
  if (allocation === null) return { status: 'absent', firebaseUid };
  const { botName, value, incarnationId, lock } = rowOf(allocation);
  const settledOpId =
    receipts.find((receipt) => receipt.incarnationId === incarnationId)?.opId ?? null;
  const facts = { botName, incarnationId, value, notMoney: null, lock, settledOpId };
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

function lock(world: WalletWorld, command: LockCommand): LockResult {
  const opId = settlementOpId(command.incarnation);
  return decided(
    () => world.rules.decideLock(command, opId, NO_PAST, readingOf(world)),
    () => setLock(world, command, { aborting: false }),
  );
}

function setLock(
  world: WalletWorld,
  { sagaId, epoch }: Pick<LockTarget, 'sagaId' | 'epoch'>,
  { aborting }: Pick<AllocationLock, 'aborting'>,
): void {
  const { allocation } = world;
  if (allocation === null) return;
  const wasAborting = allocation.lock?.sagaId === sagaId && allocation.lock.aborting;
  const value = allocation.valueMinor / 100;
  const raised = { sagaId, epoch, value, aborting: aborting || wasAborting };
  world.allocation = { ...allocation, lock: raised };
}

function raise(world: WalletWorld, target: LockTarget) {
  return decided(
    () => world.rules.decideRaise(target, readingOf(world)),
    () => setLock(world, target, { aborting: false }),
  );
}

function unlock(world: WalletWorld, target: LockTarget): 'removed' | 'absent' | 'fenced' {
  const isOwn = world.allocation?.lock?.sagaId === target.sagaId;
  const outcome = decided(
    () => world.rules.decideUnlock(target, readingOf(world)),
    () => {
      if (isOwn) dropLock(world);
      world.withdrawn.add(target.sagaId);
    },
  );
  if (outcome === 'fenced') return 'fenced';
  return isOwn ? 'removed' : 'absent';
}

function abort(world: WalletWorld, command: SettleCommand) {
  return decided(
    () => world.rules.decideAbort(command, readingOf(world)),
    () => setLock(world, command, { aborting: true }),
  );
}

function settle(world: WalletWorld, command: SettleCommand, runningForMs: number): SettleResult {
  const decision = world.rules.decideSettle(command, readingOf(world));
  if (decision !== 'again') return decision;
  return { status: 'settled', receipt: pay(world, command, runningForMs) };
}

function pay(world: WalletWorld, command: SettleCommand, runningForMs: number): Receipt {
  const { opId, incarnation, botName } = command;
  const { userId, instanceId, incarnationId } = incarnation;
  const amountMinor = world.allocation?.valueMinor ?? 0;
  const previousBalance = world.balanceMinor / 100;
  world.payments.push({ sagaId: command.sagaId, atMs: world.nowMs(), runningForMs });
  world.balanceMinor += amountMinor;
  world.copy ??= world.allocation;
  world.allocation = null;
  const receipt: Receipt = {
    opId,
    userId,
    instanceId,
    incarnationId,
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
