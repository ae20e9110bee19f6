// The state that the log expects of each source, from a saga's captures and its steps' results: how the world should be
// where no other program has changed it. Null: the saga has not observed, or is of a kind that expects nothing of that
// source.

import type { SagaRecord, StepState } from '@reclaim/saga';
import {
  ALLOCATION_CAPTURE,
  BOT_CAPTURE,
  LOCK_VALUE,
  POOL_CAPTURE,
  REFUND_VALUE,
} from '../deletion/captures.ts';
import { DELETE_BOT } from '../deletion/delete-bot.ts';
import { RECLAIM_ORPHAN } from '../deletion/reclaim-orphan.ts';
import { NOT_OBSERVED_EVERYWHERE } from '../deletion/steps/remove-container.ts';
import { STEP as DELETION } from '../deletion/steps/step-ports.ts';
import { PROVISION_BOT } from '../provisioning/provision-bot.ts';
import { STEP as PROVISION } from '../provisioning/provisioning-ports.ts';
import { PLACE_VALUE, RESERVED } from '../provisioning/stored-values.ts';
import { describeEntry, describeObservedBots, inDollars } from './describe.ts';

export const SOURCES = ['wallet', 'pool-state', 'docker', 'tombstone', 'ledger'] as const;
export type SourceName = (typeof SOURCES)[number];
export type ExpectedState = Readonly<Record<SourceName, string | null>>;

/** @throws HoldError LOG_UNREADABLE */
export function expectedStateOf({ kind, state }: SagaRecord): ExpectedState {
  const steps = new Map(state.steps.map((step) => [step.name, step]));
  const step = (name: string) => steps.get(name);
  if (kind === DELETE_BOT || kind === RECLAIM_ORPHAN) {
    return ofDeletion(step, isLeftToTombstone(state));
  }
  return kind === PROVISION_BOT ? ofProvision(step) : NOTHING;
}

const NOTHING: ExpectedState = {
  wallet: null,
  'pool-state': null,
  docker: null,
  tombstone: null,
  ledger: null,
};

type Steps = (name: string) => StepState | undefined;

// `done` is not `gone` where a host was away, nor `skipped` where it could not be removed.
function isLeftToTombstone({ steps, warnings }: SagaRecord['state']): boolean {
  const remove = steps.find(({ name }) => name === DELETION.remove);
  return (
    remove?.status === 'skipped' || warnings.some(({ code }) => code === NOT_OBSERVED_EVERYWHERE)
  );
}

function ofDeletion(step: Steps, isLeft: boolean): ExpectedState {
  return {
    wallet: lockedWallet(step),
    'pool-state': takenEntry(step(DELETION.pool)),
    docker: stoppedBot(step, isLeft),
    tombstone: tombstoneOf(step, isLeft),
    ledger: isDone(step(DELETION.post)) ? postedOf(step) : 'no entry',
  };
}

function lockedWallet(step: Steps): string | null {
  const lock = step(DELETION.lock);
  const refund = REFUND_VALUE.readOrNull(step(DELETION.refund)?.value);
  if (refund !== null) {
    return refund.receipt === null ? 'nothing to pay' : `paid ${inDollars(refund.receipt.amount)}`;
  }
  const captured = ALLOCATION_CAPTURE.readOrNull(lock?.capture);
  if (captured === null) return null;
  if (captured.account === 'gone') return 'no account';
  if (!captured.hadAllocation) return 'no allocation';
  const value = LOCK_VALUE.readOrNull(lock?.value)?.lockedValue ?? captured.value;
  const worth = value === null ? 'not money' : inDollars(value);
  return `${isDone(lock) ? 'locked' : 'not locked'}, ${worth}`;
}

function takenEntry(pool: StepState | undefined): string | null {
  if (isDone(pool)) return hasGivenUp(pool) ? 'left to the tombstone' : 'taken out';
  const captured = POOL_CAPTURE.readOrNull(pool?.capture);
  if (captured === null) return null;
  return captured.entry === null ? 'no entry' : describeEntry(captured.entry);
}

function stoppedBot(step: Steps, isLeft: boolean): string | null {
  if (isDone(step(DELETION.remove))) return isLeft ? 'left to the tombstone' : 'removed';
  const stop = step(DELETION.stop);
  if (isDone(stop)) return hasGivenUp(stop) ? 'not observed at rest, given up' : 'at rest';
  const captured = BOT_CAPTURE.readOrNull(stop?.capture);
  if (captured === null) return null;
  const doubt = stop?.status === 'in-doubt' ? '; the stop is in doubt' : '';
  return describeObservedBots(captured.observedBots) + doubt;
}

function tombstoneOf(step: Steps, isLeft: boolean): string {
  if (isDone(step(DELETION.remove)) && !isLeft) return 'ended';
  if (isDone(step(DELETION.refund))) return 'settled';
  return isDone(step(DELETION.lock)) ? 'open' : 'none';
}

function postedOf(step: Steps): string {
  const receipt = REFUND_VALUE.readOrNull(step(DELETION.refund)?.value)?.receipt ?? null;
  return receipt === null ? 'no entry' : `settlement of ${inDollars(receipt.amount)}`;
}

function ofProvision(step: Steps): ExpectedState {
  const reserve = step(PROVISION.reserve);
  const reservation = isDone(reserve) ? RESERVED.readOrNull(reserve?.value) : null;
  const amount = reservation === null ? null : inDollars(reservation.amountMinor / 100);
  return {
    wallet: amount === null ? 'nothing set aside' : `not locked, ${amount}`,
    'pool-state': placeOf(step(PROVISION.assign)),
    docker: isDone(step(PROVISION.start)) ? 'running' : null,
    tombstone: null,
    ledger:
      isDone(step(PROVISION.post)) && amount !== null ? `reservation of ${amount}` : 'no entry',
  };
}

function placeOf(assign: StepState | undefined): string | null {
  const place = isDone(assign) ? PLACE_VALUE.readOrNull(assign?.value) : null;
  if (place === null) return null;
  return place.kind === 'pooled' ? `${place.poolId} slot ${place.slotIndex}` : 'no entry';
}

function isDone(step: StepState | undefined): boolean {
  return step?.status === 'done' || step?.status === 'skipped';
}

function hasGivenUp(step: StepState | undefined): boolean {
  return step?.value !== null && Reflect.has(Object(step?.value), 'gaveUp');
}
