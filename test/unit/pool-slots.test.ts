import { describe, expect, it } from 'vitest';
import { toFirebaseUid, toInstanceId } from '../../src/domain/ids.ts';
import {
  activateSlot,
  assignSlot,
  freePort,
  type HeldSlot,
} from '../../src/pool-state/pool-slots.ts';
import type { PoolState } from '../../src/pool-state/pool-state.ts';
import { emptyPool, poolStateWith } from '../support/provisions.ts';
import { USER_ID } from '../support/samples.ts';

const UID = 'uid-new';
const POOL = `${UID}-pool-1`;
const bot = (n: number) => toInstanceId(`${UID}-bot-${n}`);

function held(port: number, n = 90): HeldSlot {
  const slot = { poolId: POOL, containerName: 'c', slotIndex: 0, port };
  return { instanceId: bot(n), slot };
}

function assign(state: PoolState | null, n: number, kept: readonly HeldSlot[] = []) {
  if (state === null) throw new Error('no room was left before');
  return assignSlot(state, {
    instanceId: bot(n),
    userId: USER_ID,
    firebaseUid: toFirebaseUid(UID),
    pools: [1, 2].map((one) => {
      const { id: poolId, containerName } = emptyPool({ n: one });
      return { poolId, containerName, host: 'local' };
    }),
    held: kept,
    createdAt: '2026-11-22T10:00:00.000Z',
  });
}

describe('assigning slots', () => {
  it('until the pools are full: each port once, the second pool after the first, then none', () => {
    let state: PoolState | null = poolStateWith(emptyPool(), emptyPool({ n: 2, capacity: 1 }));
    for (const n of [1, 2, 3, 4]) state = assign(state, n);
    const places = Object.values(state?.botMapping ?? {}).map(
      ({ poolId, port, slotIndex }) => `${poolId} ${port} ${slotIndex}`,
    );
    expect(places).toEqual([
      `${POOL} 9000 0`,
      `${POOL} 9001 1`,
      `${POOL} 9002 2`,
      `${UID}-pool-2 9100 0`,
    ]);
    expect(assign(state, 5)).toBeNull();
  });

  it('a pool whose row names its user by the _id: theirs, as one that names them by the firebaseUid', () => {
    const state = poolStateWith({ ...emptyPool(), userId: USER_ID });
    expect(assign(state, 1)?.botMapping[bot(1)]).toMatchObject({ poolId: POOL, port: 9000 });
    expect(assign(poolStateWith({ ...emptyPool(), userId: 'uid-other' }), 1)).toBeNull();
  });

  it('a port in the middle is free: taken, though the slot index repeats', () => {
    const full = assign(assign(assign(poolStateWith(emptyPool()), 1), 2), 3);
    if (full === null) throw new Error('unreachable');
    const { [bot(2)]: _, ...botMapping } = full.botMapping;
    const pools = { [POOL]: { ...emptyPool(), bots: [bot(1), bot(3)] } };
    const state = assign({ ...full, pools, botMapping }, 4);
    expect(state?.botMapping[bot(4)]).toMatchObject({ port: 9001, slotIndex: 2 });
  });

  it('a slot that a tombstone holds: neither its port nor its room is given out', () => {
    const state = poolStateWith(emptyPool({ capacity: 2 }));
    expect(assign(state, 1, [held(9000)])?.botMapping[bot(1)]).toMatchObject({ port: 9001 });
    expect(assign(state, 1, [held(9000), held(9001, 91)])).toBeNull();
    // Its own entry may still stand in the lists: it is one bot, not two.
    const listed = {
      ...state,
      pools: { [POOL]: { ...emptyPool({ capacity: 2 }), bots: [bot(90)] } },
    };
    expect(assign(listed, 1, [held(9000)])?.botMapping[bot(1)]).toMatchObject({ port: 9001 });
  });

  it('a mapping without a place in the list, and one in the list without a mapping: both take room', () => {
    const state = assign(poolStateWith(emptyPool({ capacity: 2 })), 1);
    if (state === null) throw new Error('unreachable');
    const torn = { ...state, pools: { [POOL]: { ...emptyPool({ capacity: 2 }), bots: [bot(7)] } } };
    expect(freePort(torn, emptyPool({ capacity: 2 }), [])).toBe(9001);
    expect(assign(torn, 2)).toBeNull();
  });

  it('one that only the list names, in a pool with room: its port may be any, and none is given out', () => {
    const pool = { ...emptyPool(), bots: [bot(7)] };
    expect(assign(poolStateWith(pool), 1)).toBeNull();
    expect(freePort(poolStateWith(pool), pool, [held(9000, 7)])).toBe(9001);
  });

  it("another user's pool, or one of another container: not used", () => {
    const foreign = { ...emptyPool(), userId: 'uid-other' };
    expect(assign(poolStateWith(foreign), 1)).toBeNull();
    const moved = { ...emptyPool(), containerName: 'elsewhere' };
    expect(assign(poolStateWith(moved), 1)).toBeNull();
  });
});

describe('activating a slot', () => {
  const pending = () => {
    const state = assign(poolStateWith(emptyPool()), 1);
    const mapping = state?.botMapping[bot(1)];
    if (state === null || mapping === undefined) throw new Error('unreachable');
    return { state, mapping };
  };

  it('pending: running, and what the platform added meanwhile is kept; twice: the same state', () => {
    const { state, mapping } = pending();
    const touched = { ...state, botMapping: { [bot(1)]: { ...mapping, note: 'theirs' } } };
    const active = activateSlot(touched, mapping);
    if (active.status !== 'active') throw new Error(active.reason);
    expect(active.state.botMapping[bot(1)]).toEqual({
      ...mapping,
      note: 'theirs',
      status: 'running',
    });
    expect(activateSlot(active.state, mapping)).toEqual({ status: 'active', state: active.state });
    const again = activateSlot(active.state, mapping);
    expect(again.status === 'active' && again.state).toBe(active.state);
  });

  it('the platform has given its id to another bot: impossible', () => {
    const { state, mapping } = pending();
    const theirs = { ...mapping, createdAt: '2026-12-01T00:00:00.000Z' };
    const given = { ...state, botMapping: { [bot(1)]: theirs } };
    expect(activateSlot(given, mapping).status).toBe('impossible');
  });

  it('its entry is gone: put in again; its port or its pool is gone: impossible', () => {
    const { state, mapping } = pending();
    const lost = poolStateWith(emptyPool());
    const active = activateSlot(lost, mapping);
    expect(active.status === 'active' && active.state.pools[POOL]?.bots).toEqual([bot(1)]);
    const rival = { ...lost, botMapping: { rival: { ...mapping, instanceId: 'rival' } } };
    expect(activateSlot(rival, mapping).status).toBe('impossible');
    expect(activateSlot({ ...state, pools: {} }, mapping).status).toBe('impossible');
  });
});
