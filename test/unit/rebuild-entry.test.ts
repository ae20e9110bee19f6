// A bot that the pool state has lost, put back from what Docker shows: nothing is invented, nobody is displaced.

import { describe, expect, it } from 'vitest';
import type { PooledSighting } from '../../src/domain/bot.ts';
import { toFirebaseUid, toInstanceId } from '../../src/domain/ids.ts';
import type { PoolState } from '../../src/domain/pool-state.ts';
import { isRebuildable, type LostBot, rebuildEntry } from '../../src/domain/rebuild-entry.ts';
import { poolStateOf } from '../support/deletions.ts';

const UID = 'uid-a';
const POOL = `${UID}-pool-1`;
const CONTAINER = `freqtrade-pool-${POOL}`;
const LOST = toInstanceId(`${UID}-bot-9`);

const SIGHTING: PooledSighting = {
  kind: 'pooled',
  host: 'east',
  containerId: 'c1',
  containerName: CONTAINER,
  labels: {},
  poolRunning: true,
  conf: 'present',
  program: 'RUNNING',
  programs: [],
};

const lost = (given: Partial<PooledSighting> = {}, uid = UID): LostBot => ({
  instanceId: LOST,
  firebaseUid: toFirebaseUid(uid),
  sighting: { ...SIGHTING, ...given },
  at: '2026-11-22T00:00:00.000Z',
});

/** The pool of three, with only these of its bots left. */
function stateWith(...left: readonly number[]): PoolState {
  const state = poolStateOf(UID);
  const isLeft = (id: string) => left.some((n) => id === `${UID}-bot-${n}`);
  const pool = state.pools[POOL];
  if (pool === undefined) throw new Error('no pool');
  return {
    ...state,
    pools: { [POOL]: { ...pool, bots: pool.bots.filter(isLeft) } },
    botMapping: Object.fromEntries(Object.entries(state.botMapping).filter(([id]) => isLeft(id))),
  };
}

function withoutMapping(state: PoolState, n: number): PoolState {
  const { [`${UID}-bot-${n}`]: _lost, ...botMapping } = state.botMapping;
  return { ...state, botMapping };
}

describe('an entry made again', () => {
  it.each([
    ['an empty pool', [], 0],
    ['the first port taken', [1], 1],
    ['a gap in the middle', [1, 3], 1],
    ['the first two taken', [1, 2], 2],
  ])('%s: the lowest free port of the pool, and everybody else as before', (_, left, slot) => {
    const state = stateWith(...left);
    const rebuilt = rebuildEntry(state, lost());
    expect(isRebuildable(state, lost())).toBe(true);
    expect(rebuilt.botMapping[LOST]).toEqual({
      poolId: POOL,
      containerName: CONTAINER,
      host: CONTAINER,
      slotIndex: slot,
      port: 9000 + slot,
      status: 'running',
      instanceId: LOST,
      userId: UID,
      createdAt: '2026-11-22T00:00:00.000Z',
      dockerHost: 'east',
    });
    expect(rebuilt.pools[POOL]?.bots).toEqual([...(state.pools[POOL]?.bots ?? []), LOST]);
    const { [LOST]: _made, ...others } = rebuilt.botMapping;
    expect(others).toEqual(state.botMapping);
    const ports = Object.values(rebuilt.botMapping).map(({ port }) => port);
    expect(new Set(ports).size).toBe(ports.length);
  });

  it('a program that does not run: its entry says stopped', () => {
    const { botMapping } = rebuildEntry(stateWith(), lost({ program: 'FATAL' }));
    expect(botMapping[LOST]?.status).toBe('stopped');
  });

  it('a pool known by its label alone: found by its id', () => {
    const bot = lost({ containerName: 'renamed', labels: { poolId: POOL } });
    expect(rebuildEntry(stateWith(), bot).botMapping[LOST]?.poolId).toBe(POOL);
  });

  it('again on its own result: the same object (I12)', () => {
    const rebuilt = rebuildEntry(stateWith(1), lost());
    expect(rebuildEntry(rebuilt, lost())).toBe(rebuilt);
  });

  it.each<[string, PoolState, LostBot]>([
    ['a full pool', stateWith(1, 2, 3), lost()],
    ['a full list, though a mapping of it is lost', withoutMapping(stateWith(1, 2, 3), 2), lost()],
    ['a pool that the state does not know', stateWith(), lost({ containerName: 'elsewhere' })],
    ['another user’s pool', stateWith(), lost({}, 'uid-b')],
    [
      'a label that is the name of something of JavaScript',
      stateWith(),
      lost({ containerName: 'x', labels: { poolId: 'constructor' } }),
    ],
  ])('%s: nothing is made up', (_, state, bot) => {
    expect(isRebuildable(state, bot)).toBe(false);
    expect(rebuildEntry(state, bot)).toBe(state);
  });

  it('a list that still names it, its mapping lost: that is an entry, and stays as it is', () => {
    const state = stateWith(1);
    const pool = state.pools[POOL];
    if (pool === undefined) throw new Error('no pool');
    const listed = { ...state, pools: { [POOL]: { ...pool, bots: [...pool.bots, LOST] } } };
    expect(rebuildEntry(listed, lost())).toBe(listed);
  });
});
