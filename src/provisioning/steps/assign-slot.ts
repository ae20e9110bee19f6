// Step 2: the bot gets its place: a slot and port in one of the user's own pools, or a host for a container of
// its own. The slot is chosen inside the lock of the pool state, from what stands there then and from the
// slots that tombstones still hold (I5).

import { type Observed, RetryableError, TerminalError } from '@reclaim/saga';
import type { InstanceId } from '../../domain/ids.ts';
import { takeOutOwn } from '../../pool-state/owned-entry.ts';
import { type HeldSlot, assignSlot as withSlot } from '../../pool-state/pool-slots.ts';
import { findEntry, type PoolState } from '../../pool-state/pool-state.ts';
import type { PoolScope } from '../../pool-state/pool-states.ts';
import { hiddenBy } from '../../pool-state/unreadable-rows.ts';
import { beginUndo, undoInTime } from '../begin-undo.ts';
import { findPlaces } from '../find-slots.ts';
import { idHolder } from '../id-holder.ts';
import {
  accountedFor,
  type OccupiedPools,
  observeOccupants,
  occupiedSlots,
} from '../pool-occupants.ts';
import {
  contextOf,
  type ProvisionCall,
  type ProvisioningPorts,
  START_DEADLINE,
  UNDO_RETRY,
} from '../provisioning-ports.ts';
import {
  PLACE,
  PLACES,
  type Place,
  type PlacesCapture,
  type PooledPlace,
} from '../stored-values.ts';

/** Longer than the pool state waits for its lock. */
const ASSIGN_ATTEMPT_MS = 15_000;
/** Goes on until the deadline decides, not until a count is used up. */
const ASSIGN_RETRY = { attempts: 100_000, baseMs: 100, capMs: 3_000 } as const;

/** Before a bot gets a container of its own although a pool that cannot be asked now may have room. */
const POOL_TRIES = 5;

type AssignCall = ProvisionCall & { readonly capture: PlacesCapture };

export function assignSlot(ports: ProvisioningPorts) {
  return {
    retry: ASSIGN_RETRY,
    compensateRetry: UNDO_RETRY,
    timeoutMs: ASSIGN_ATTEMPT_MS,
    captureSchema: PLACES,
    resultSchema: PLACE,
    capture: async (call: ProvisionCall): Promise<PlacesCapture | null> => {
      const { input } = contextOf(call);
      const places = await findPlaces(ports, input, call);
      if (places.status === 'unknown') return null;
      const { pools, dedicated, state, unknown } = places;
      // Nothing is known to be free, and something could not be asked.
      if (pools.length === 0 && dedicated === null && unknown.length > 0) return null;
      const { instanceId } = input;
      const hadEntry =
        findEntry(state, instanceId) !== null || hiddenBy(state, instanceId) !== null;
      const createdAt = new Date(call.nowMs()).toISOString();
      return { hadEntry, createdAt, pools, dedicated };
    },
    run: (call: AssignCall) => assign(ports, call),
    observe: async (call: AssignCall): Promise<Observed<Place>> => {
      const { signal } = call;
      const answer = await ports.poolStates.read({ signal, about: aboutBot(call) });
      if (answer.status === 'unknown') return { outcome: 'unknown', reason: answer.reason };
      const place = assignedIn(answer.items, call);
      return place === null ? { outcome: 'absent' } : { outcome: 'landed', value: place };
    },
    compensate: async (call: AssignCall) => {
      if (call.capture.hadEntry) return;
      await beginUndo(ports, call);
      const { instanceId, ...owner } = contextOf(call).input;
      const { capture, fence, signal } = call;
      const change = (state: PoolState) =>
        idHolder(state, instanceId, capture).status === 'another'
          ? state
          : takeOutOwn(state, instanceId, owner);
      await undoInTime(call, async () => {
        await ports.poolStates.mutate({ change, fence, signal, about: aboutBot(call) });
      });
    },
    deadline: START_DEADLINE,
  };
}

async function assign(ports: ProvisioningPorts, call: AssignCall): Promise<Place> {
  const { hadEntry, dedicated } = call.capture;
  const { instanceId } = contextOf(call).input;
  if (hadEntry) throw idInUse(instanceId);
  const found = await assignPooled(ports, call);
  if (found.place !== null) return found.place;
  const isPoolWaitedFor = found.doubts.length > 0 && call.attempt <= POOL_TRIES;
  if (dedicated !== null && !isPoolWaitedFor) return dedicated;
  if (found.doubts.length > 0) {
    throw new RetryableError('POOL_UNKNOWN', found.doubts.join('; '));
  }
  throw new TerminalError('NO_POOL', 'none of your pools that run has room for one more bot');
}

function idInUse(instanceId: InstanceId): TerminalError {
  return new TerminalError('ID_IN_USE', `the pool state knows a bot ${instanceId} already`);
}

interface Assigned {
  readonly place: PooledPlace | null;
  /** Why there may be room in a moment. */
  readonly doubts: readonly string[];
}

async function assignPooled(ports: ProvisioningPorts, call: AssignCall): Promise<Assigned> {
  const { instanceId, userId, firebaseUid } = contextOf(call).input;
  if (call.capture.pools.length === 0) return { place: null, doubts: [] };
  const occupied = await observeOccupied(ports, call);
  const { createdAt } = call.capture;
  let held: readonly HeldSlot[] = [];
  let lost: readonly string[] = [];
  const change = (state: PoolState) => {
    const holder = idHolder(state, instanceId, call.capture);
    if (holder.status === 'another') throw idInUse(instanceId);
    if (holder.status === 'this-saga') return state;
    const pools = accountedFor(occupied.pools, { state, held });
    lost = occupied.pools.flatMap((pool) =>
      pools.includes(pool) ? [] : [`${pool.containerName} has lost a row meanwhile`],
    );
    const taken = [...held, ...occupiedSlots(pools)];
    const order = { instanceId, userId, firebaseUid, pools, held: taken, createdAt };
    return withSlot(state, order) ?? state;
  };
  // Read inside the lock: a deletion writes its tombstone before it takes its entry out, so that no slot is
  // free in the state and not yet in the tombstones.
  const fence = async () => {
    await call.fence();
    held = await heldSlots(ports, call);
  };
  const about = { ...aboutBot(call), users: [firebaseUid] };
  const { state } = await ports.poolStates.mutate({ change, fence, signal: call.signal, about });
  return { place: assignedIn(state, call), doubts: [...occupied.doubts, ...lost] };
}

/** What the pools hold by their containers' own word, so that a bot whose row was lost keeps its port. */
async function observeOccupied(ports: ProvisioningPorts, call: AssignCall): Promise<OccupiedPools> {
  const { firebaseUid, instanceId: except } = contextOf(call).input;
  const about = { ...aboutBot(call), users: [firebaseUid] };
  const readSlots = async () => {
    const answer = await ports.poolStates.read({ signal: call.signal, about });
    if (answer.status === 'unknown') throw new RetryableError('POOL_STATE_UNKNOWN', answer.reason);
    return { state: answer.items, held: await heldSlots(ports, call) };
  };
  return observeOccupants(ports.bots, call.capture.pools, { readSlots, except }, call);
}

function heldSlots(ports: ProvisioningPorts, call: AssignCall): Promise<readonly HeldSlot[]> {
  return ports.tombstones.heldSlots(contextOf(call).input.userId);
}

function aboutBot(call: ProvisionCall): PoolScope {
  return { bots: [contextOf(call).input.instanceId] };
}

/** This saga's slot, as the state has it. */
function assignedIn(state: PoolState, call: AssignCall): PooledPlace | null {
  const { instanceId } = contextOf(call).input;
  const holder = idHolder(state, instanceId, call.capture);
  if (holder.status !== 'this-saga') return null;
  const { mapping } = holder;
  const { poolId, containerName, slotIndex, port, createdAt } = mapping;
  const observed = call.capture.pools.find((pool) => pool.poolId === poolId);
  const host = mapping.dockerHost ?? observed?.host;
  if (host === undefined) return null;
  return { kind: 'pooled', host, poolId, containerName, slotIndex, port, createdAt };
}
