// What the steps of a provision work with.

import { type StepContext, TerminalError, toSagaId } from '@reclaim/saga';
import type { DeletionPorts } from '../deletion/steps/step-ports.ts';
import { reserveOpId } from '../domain/reservation.ts';
import type { Reservation } from '../wallet/receipts.ts';
import type { LockTarget, ReserveOrder } from '../wallet/wallets.ts';
import type { ProvisionBotInput } from './provision-bot-input.ts';
import {
  EXISTING,
  type ExistingCapture,
  PLACES,
  type Place,
  type PlacesCapture,
} from './stored-values.ts';

export type ProvisioningPorts = Omit<DeletionPorts, 'valuation' | 'platform'>;

/** The names under which the steps store what they captured and left. */
export const STEP = {
  reserve: 'reserve-funds',
  assign: 'assign-slot',
  start: 'start-bot',
  activate: 'activate',
  post: 'write-transaction',
} as const;

/** What the steps of a provision are called with: what a step before has captured or left may not be there yet. */
export type ProvisionCall = StepContext<ProvisionBotInput, ProvisionCaptures, ProvisionResults>;

export interface ProvisionCaptures {
  readonly [STEP.reserve]?: { readonly opId: string };
  readonly [STEP.assign]?: PlacesCapture;
  readonly [STEP.start]?: ExistingCapture;
}

export interface ProvisionResults {
  readonly [STEP.reserve]?: Reservation;
  readonly [STEP.assign]?: Place;
}

/** Every way back asks whether the id was in use before, whichever step is undone. */
export const LATER_CAPTURES = { [STEP.assign]: PLACES, [STEP.start]: EXISTING } as const;

/** A step's call with everything typed that the steps share. */
export interface ProvisionContext {
  readonly input: ProvisionBotInput;
  readonly order: ReserveOrder;
  readonly target: LockTarget;
}

export function contextOf(
  call: Pick<ProvisionCall, 'input' | 'sagaId' | 'epoch'>,
): ProvisionContext {
  const { input } = call;
  const { userId, instanceId, botName, amountMinor } = input;
  const sagaId = toSagaId(call.sagaId);
  return {
    input,
    order: { userId, instanceId, botName, amountMinor, opId: reserveOpId(sagaId) },
    target: { userId, instanceId, sagaId, epoch: call.epoch },
  };
}

/** Where the bot was put; null before. */
export function placeOf({ results }: ProvisionCall): Place | null {
  return results[STEP.assign] ?? null;
}

/** Docker and the pool state are waited for until then, and no longer. */
export const START_DEADLINE = {
  at: ({ startedAtMs, input }: ProvisionCall) =>
    startedAtMs === null ? null : startedAtMs + input.startTimeoutMs,
  expired: (call: ProvisionCall, lastError: string | null): never => {
    const { startTimeoutMs } = call.input;
    const message = `${lastError ?? 'no answer'} (given up after ${startTimeoutMs} ms)`;
    throw new TerminalError('START_TIMED_OUT', message);
  },
};

/** Undoing matters more than doing: its budget outlasts an afternoon of trouble. */
export const UNDO_RETRY = { attempts: 1_000, baseMs: 200, capMs: 30_000 } as const;
