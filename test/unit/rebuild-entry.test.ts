// A bot that the pool state has lost, put back from what Docker shows: nothing is invented, nobody is displaced.

import { describe, expect, it } from 'vitest';
import type { ObservedPooled } from '../../src/domain/bot.ts';
import { toFirebaseUid, toInstanceId } from '../../src/domain/ids.ts';
import type { BotMapping, PoolState } from '../../src/pool-state/pool-state.ts';
import { type LostBot, type Obstacle, rebuildEntry } from '../../src/pool-state/rebuild-entry.ts';
import { UNREADABLE } from '../../src/pool-state/unreadable-rows.ts';
import { poolStateOf } from '../support/deletions.ts';
import { observedPooled, USER_ID } from '../support/samples.ts';

const UID = 'uid-a';
const POOL = `${UID}-pool-1`;
const CONTAINER = `freqtrade-pool-${POOL}`;
const LOST = toInstanceId(`${UID}-bot-9`);

/** Of its own config: no bot of the sample has it, and it is not the first that is free. */
const PORT = 9007;

const OBSERVED_BOT = observedPooled({ host: 'east', containerName: CONTAINER });

const lost = (given: Partial<ObservedPooled> = {}, uid = UID, port = PORT): LostBot => ({
  instanceId: LOST,
  userId: USER_ID,
  firebaseUid: toFirebaseUid(uid),
  observedBot: { ...OBSERVED_BOT, ...given },
  port,
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

/** The mapping of one of its bots with something else in it. */
function changed(state: PoolState, n: number, given: Partial<BotMapping>): PoolState {
  const id = `${UID}-bot-${n}`;
  const mapping = state.botMapping[id];
  if (mapping === undefined) throw new Error('no such bot');
  return { ...state, botMapping: { ...state.botMapping, [id]: { ...mapping, ...given } } };
}

function withoutHost(state: PoolState, n: number): PoolState {
  const id = `${UID}-bot-${n}`;
  const { host: _none, ...mapping } = state.botMapping[id] ?? {};
  return { ...state, botMapping: { ...state.botMapping, [id]: mapping as BotMapping } };
}

function rebuilt(state: PoolState, bot: LostBot): PoolState {
  const rebuilding = rebuildEntry(state, bot);
  if (rebuilding.status === 'rebuilt') return rebuilding.state;
  throw new Error(rebuilding.obstacle.reason);
}

describe('an entry made again', () => {
  it('in a pool whose row names its user by the _id', () => {
    const { pools, ...rest } = stateWith(1);
    const named = { ...pools[POOL], userId: USER_ID } as PoolState['pools'][string];
    expect(rebuilt({ ...rest, pools: { [POOL]: named } }, lost()).botMapping[LOST]).toBeDefined();
  });

  it('the port of its own files, the host of its neighbours, the number of bots for a slot; all others as before', () => {
    const state = changed(stateWith(1), 1, { host: 'localhost' });
    const { pools, botMapping } = rebuilt(state, lost());
    expect(botMapping[LOST]).toEqual({
      poolId: POOL,
      containerName: CONTAINER,
      host: 'localhost',
      slotIndex: 1,
      port: PORT,
      status: 'running',
      instanceId: LOST,
      userId: UID,
      createdAt: '2026-11-22T00:00:00.000Z',
      dockerHost: 'east',
    });
    expect(pools[POOL]?.bots).toEqual([`${UID}-bot-1`, LOST]);
    const { [LOST]: _made, ...others } = botMapping;
    expect(others).toEqual(state.botMapping);
  });

  it.each<[string, PoolState, string | undefined]>([
    ['the container’s name', stateWith(1, 3), CONTAINER],
    ['no neighbour', stateWith(), undefined],
    ['neighbours without one', withoutHost(stateWith(1), 1), undefined],
    ['neighbours of two', changed(stateWith(1, 3), 3, { host: 'localhost' }), undefined],
    ['one with and one without', withoutHost(stateWith(1, 3), 3), CONTAINER],
    [
      'a neighbour in another pool alone',
      changed(stateWith(1), 1, { poolId: 'elsewhere', host: 'localhost' }),
      undefined,
    ],
  ])('its host, of %s: what the platform wrote, or none', (_, state, host) => {
    const mapping = rebuilt(state, lost()).botMapping[LOST];
    expect(mapping?.host).toBe(host);
    expect(mapping !== undefined && 'host' in mapping).toBe(host !== undefined);
  });

  it.each<[ObservedPooled['program'], string]>([
    ['STARTING', 'running'],
    ['BACKOFF', 'failed'],
    ['EXITED', 'failed'],
    ['FATAL', 'failed'],
    ['STOPPED', 'stopped'],
    ['absent', 'stopped'],
  ])(
    'a program that is %s: its entry says %s, which health may change unless people stopped it',
    (program, status) => {
      const { botMapping } = rebuilt(stateWith(), lost({ program }));
      expect(botMapping[LOST]?.status).toBe(status);
    },
  );

  it('a pool known by its label alone: found by its id', () => {
    const bot = lost({ containerName: 'renamed', labels: { poolId: POOL } });
    expect(rebuilt(stateWith(), bot).botMapping[LOST]?.poolId).toBe(POOL);
  });

  it('again on its own result: the same object (I12)', () => {
    const once = rebuilt(stateWith(1), lost());
    expect(rebuilt(once, lost())).toBe(once);
  });

  it.each<[string, PoolState, LostBot, Obstacle['reason']]>([
    ['a port that another bot has', stateWith(1), lost({}, UID, 9000), 'port-taken'],
    ['the same, of a row that cannot be read', withHidden(9007), lost(), 'port-taken'],
    ['a full pool', stateWith(1, 2, 3), lost(), 'pool-full'],
    [
      'a full list, though a mapping of it is lost',
      withoutMapping(stateWith(1, 2, 3), 2),
      lost(),
      'pool-full',
    ],
    [
      'a pool that the state does not know',
      stateWith(),
      lost({ containerName: 'elsewhere' }),
      'pool-unknown',
    ],
    ['another user’s pool', stateWith(), lost({}, 'uid-b'), 'pool-unknown'],
    [
      'a label that is the name of something of JavaScript',
      stateWith(),
      lost({ containerName: 'x', labels: { poolId: 'constructor' } }),
      'pool-unknown',
    ],
  ])('%s: nothing is made up, and the reason is told', (_, state, bot, reason) => {
    expect(rebuildEntry(state, bot)).toMatchObject({ status: 'refused', obstacle: { reason } });
  });

  it('a port that a bot of another pool has: its pool is another container', () => {
    const state = changed(stateWith(1), 1, { poolId: 'elsewhere', port: PORT });
    expect(rebuilt(state, lost()).botMapping[LOST]?.port).toBe(PORT);
  });

  it('a list that still names it, its mapping lost: that is an entry, and stays as it is', () => {
    const state = stateWith(1);
    const pool = state.pools[POOL];
    if (pool === undefined) throw new Error('no pool');
    const listed = { ...state, pools: { [POOL]: { ...pool, bots: [...pool.bots, LOST] } } };
    expect(rebuilt(listed, lost())).toBe(listed);
  });
});

function withHidden(port: number): PoolState {
  const row = { value: { poolId: POOL, port }, reason: 'no status', position: 0 };
  return { ...stateWith(), [UNREADABLE]: { pools: {}, botMapping: { other: row } } };
}
