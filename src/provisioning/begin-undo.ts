// How every way back begins, whichever step is undone first: the reservation is withdrawn, so that a late one
// cannot land any more (I5), and the tombstone is there before slot and money go back, so that a bot that is
// started late is taken away again and its port stays taken until it is gone (I1).

import { FencedError, RetryableError, SagaError, toSagaId } from '@reclaim/saga';
import { findOwnEntry, type ReservedSlot } from '../pool-state/owned-entry.ts';
import { NOTHING_OBSERVED, type TombstoneTarget } from '../tombstones/tombstones.ts';
import { takingOver } from '../wallet/closed-sagas.ts';
import type { Reservation } from '../wallet/receipts.ts';
import { idHolder } from './id-holder.ts';
import {
  contextOf,
  type ProvisionCall,
  type ProvisioningPorts,
  placeOf,
  STEP,
} from './provisioning-ports.ts';

export interface Undo {
  readonly reservation: Reservation;
  /** Null: a bot of this id was there before, or another was given it since; nothing that carries it is removed. */
  readonly tombstone: TombstoneTarget | null;
}

/** Repeatable. Null: no money was ever taken, hence nothing after it was done. */
export async function beginUndo(
  ports: ProvisioningPorts,
  call: ProvisionCall,
): Promise<Undo | null> {
  const reservation = await withdrawReserve(ports, call);
  if (reservation === null) return null;
  if (wasThereBefore(call) || (await isAnothers(ports, call))) {
    return { reservation, tombstone: null };
  }
  const { userId, instanceId, firebaseUid } = call.input;
  const incarnation = { userId, instanceId, incarnationId: reservation.incarnationId };
  const tombstone = { incarnation, sagaId: toSagaId(call.sagaId), epoch: call.epoch };
  const command = {
    ...tombstone,
    firebaseUid,
    // By name and owner, at every observation: the id is new, so that what carries it is what was started here.
    ...NOTHING_OBSERVED,
    slot: await slotOf(ports, call),
    hadAllocation: true,
  };
  const opened = await takingOver(ports.findSagas, (mayTakeOver) =>
    ports.tombstones.open({ ...command, mayTakeOver }),
  );
  if (opened.status === 'other-saga') {
    throw new RetryableError('LOCKED_BY_OTHER_SAGA', `its tombstone belongs to ${opened.sagaId}`);
  }
  return { reservation, tombstone };
}

/** What was reserved, as far as the wallet or the log knows; from here on it cannot be reserved any more. */
export async function withdrawReserve(
  { wallets }: ProvisioningPorts,
  call: ProvisionCall,
): Promise<Reservation | null> {
  const withdrawn = await wallets.withdrawReserve(contextOf(call).order);
  return withdrawn.status === 'reserved'
    ? withdrawn.reservation
    : (call.results[STEP.reserve] ?? null);
}

/** Whether the id was in use before this saga did anything: in the pool state, or in Docker. */
export function wasThereBefore({ captures }: ProvisionCall): boolean {
  const places = captures[STEP.assign];
  const start = captures[STEP.start];
  return places?.hadEntry === true || (start !== undefined && start.existing.length > 0);
}

/** Whether the pool state gives the id to another bot, which the platform may have made after the captures. A tombstone that
 * stands goes its way: what it opened for was this saga's. One of a bot in a container of its own has no such rival. */
export async function isAnothers(ports: ProvisioningPorts, call: ProvisionCall): Promise<boolean> {
  const places = call.captures[STEP.assign];
  if (places === undefined || placeOf(call)?.kind === 'dedicated') return false;
  const { instanceId, userId } = contextOf(call).input;
  const pools = await ports.poolStates.read({ signal: call.signal, about: { bots: [instanceId] } });
  if (pools.status === 'unknown') return false;
  if (idHolder(pools.items, instanceId, places).status !== 'another') return false;
  const tombstones = await ports.tombstones.findForBot(userId, instanceId);
  return !tombstones.some(({ sagaId }) => sagaId === call.sagaId);
}

/** Runs one part of the way back that needs Docker or the pool state. When the time for it is over, what
 * could not be undone is the tombstone's: the user's money does not wait for a host that stays away. */
export async function undoInTime(call: ProvisionCall, undo: () => Promise<void>): Promise<void> {
  try {
    await undo();
  } catch (error) {
    if (error instanceof FencedError || !(error instanceof SagaError)) throw error;
    const { startTimeoutMs, undoTimeoutMs } = contextOf(call).input;
    const endMs = (call.startedAtMs ?? 0) + startTimeoutMs + undoTimeoutMs;
    if (call.nowMs() < endMs) throw error;
  }
}

async function slotOf(ports: ProvisioningPorts, call: ProvisionCall): Promise<ReservedSlot | null> {
  const place = placeOf(call);
  if (place?.kind === 'dedicated') return null;
  if (place !== null) {
    const { poolId, containerName, slotIndex, port, host } = place;
    return { poolId, containerName, slotIndex, port, dockerHost: host };
  }
  // The log may be behind the world: then the state itself says what was taken. One that cannot be read names
  // no slot; its entry is still in it and keeps the port.
  const { instanceId, userId, firebaseUid } = contextOf(call).input;
  const pools = await ports.poolStates.read({ signal: call.signal, about: { bots: [instanceId] } });
  if (pools.status === 'unknown') return null;
  return findOwnEntry(pools.items, instanceId, { userId, firebaseUid }).slot;
}
