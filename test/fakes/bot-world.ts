// Bots as programs in pools, and the pool state that names them, as they stand in memory; an orphan's runs nowhere.

import type { ObservedPooled } from '../../src/domain/bot.ts';
import { findEntry, type PoolState } from '../../src/pool-state/pool-state.ts';
import { NO_POOLS } from './pool-states.ts';

/** What the bots of a simulation share: one pool state, and what runs in the pools that it names. */
export interface Ground {
  pools: PoolState;
  readonly bots: BotWorld[];
  /** The newest claim on each saga. */
  readonly newest: Map<string, { readonly epoch: number; readonly sinceMs: number }>;
  /** Ports that two bots had at once, in the pool state or in their pool. */
  readonly givenTwice: Set<string>;
  /** Bots that were marked failed and have run from the beginning. */
  readonly markedWrongly: Set<string>;
}

export function createGround(): Ground {
  return {
    pools: NO_POOLS,
    bots: [],
    newest: new Map(),
    givenTwice: new Set(),
    markedWrongly: new Set(),
  };
}

export interface BotWorld {
  readonly ground: Ground;
  readonly uid: string;
  readonly instanceId: string;
  /** Where it listens; null: it was never started. */
  port: number | null;
  conf: ObservedPooled['conf'];
  program: ObservedPooled['program'];
  /** Since when its program has been running without a break; null: it does not. */
  runningSinceMs: number | null;
  readonly beganAtMs: number;
  /** The longest that a worker still changed it after a newer claim. */
  outrunForMs: number;
  /** Its place in the pool state, where it has one from the beginning. */
  readonly slotIndex: number;
  /** When health has started it again. */
  readonly restartsAtMs: number[];
  readonly nowMs: () => number;
}

export interface BotBeginning {
  readonly isRunning: boolean;
  /** It stands where it would run, and its program has ended by itself. */
  readonly hasFailed?: boolean;
  readonly isListed: boolean;
  /** Of its pool, where it is there from the beginning. */
  readonly slotIndex: number;
  /** Of the pool, where this is its first bot. */
  readonly capacity: number;
}

export const BASE_PORT = 9000;

export function createBotWorld(
  ground: Ground,
  { uid, instanceId }: { readonly uid: string; readonly instanceId: string },
  beginning: BotBeginning,
  nowMs: () => number,
): BotWorld {
  const { isRunning, hasFailed = false, isListed: isInFile, slotIndex } = beginning;
  const isThere = isRunning || hasFailed;
  ground.pools = withPool(ground.pools, uid, beginning);
  const world: BotWorld = {
    ground,
    uid,
    instanceId,
    conf: isThere ? 'present' : 'gone',
    program: isRunning ? 'RUNNING' : hasFailed ? 'EXITED' : 'absent',
    runningSinceMs: isRunning ? nowMs() : null,
    beganAtMs: nowMs(),
    outrunForMs: 0,
    nowMs,
    port: isThere ? BASE_PORT + slotIndex : null,
    slotIndex,
    restartsAtMs: [],
  };
  ground.bots.push(world);
  if (isInFile) list(world);
  return world;
}

const CREATED_AT = '2026-10-02T09:29:00.000Z';

const poolIdOf = (uid: string) => `${uid}-pool-1`;

function withPool(state: PoolState, uid: string, { capacity }: BotBeginning): PoolState {
  const id = poolIdOf(uid);
  const pool = state.pools[id] ?? {
    id,
    userId: uid,
    containerName: containerOf(uid),
    basePort: BASE_PORT,
    capacity,
    bots: [],
    status: 'running',
    createdAt: CREATED_AT,
    poolDir: 'pools/1',
  };
  return { ...state, pools: { ...state.pools, [id]: pool }, nextPoolId: 2, updatedAt: CREATED_AT };
}

/** Into the pool state, by the platform. */
export function list({ ground, uid, instanceId, slotIndex }: BotWorld): void {
  const poolId = poolIdOf(uid);
  const pool = ground.pools.pools[poolId];
  if (pool === undefined) throw new RangeError(`there is no ${poolId}`);
  const { containerName } = pool;
  const mapping = {
    ...{ poolId, containerName, host: containerName },
    ...{ slotIndex, port: BASE_PORT + slotIndex },
    ...{ status: 'running', instanceId, userId: uid, createdAt: CREATED_AT },
  };
  ground.pools = {
    ...ground.pools,
    pools: { ...ground.pools.pools, [poolId]: { ...pool, bots: [...pool.bots, instanceId] } },
    botMapping: { ...ground.pools.botMapping, [instanceId]: mapping },
  };
}

export function containerOf(uid: string): string {
  return `freqtrade-pool-${uid}-pool-1`;
}

export function isBotGone({ conf, program }: BotWorld): boolean {
  return conf === 'gone' && program === 'absent';
}

export function isListed({ ground, instanceId }: BotWorld): boolean {
  return findEntry(ground.pools, instanceId) !== null;
}

/** Back in its folder, and running: by a captured state, by Docker's restart policy, by the platform. */
export function start(world: BotWorld): void {
  world.conf = 'present';
  world.program = 'RUNNING';
  world.runningSinceMs ??= world.nowMs();
}

/** Its program ends by itself. */
export function fail(world: BotWorld): void {
  world.program = 'EXITED';
  world.runningSinceMs = null;
}

export function end(world: BotWorld, conf: BotWorld['conf']): void {
  world.conf = conf;
  world.program = 'absent';
  world.runningSinceMs = null;
}

/** What must not be: a port of two bots, and a mark on one that runs. */
export function noteWritten(ground: Ground, before: PoolState): void {
  noteDoubles(ground);
  noteWrongMarks(ground, before);
}

/** Ports that two entries name. A slot's number is the length of the list when it was given, and no identity. */
function noteDoubles({ pools, givenTwice }: Ground): void {
  const seen = new Set<string>();
  for (const { poolId, port } of Object.values(pools.botMapping)) {
    const place = `port ${port} of ${poolId}`;
    if (seen.has(place)) givenTwice.add(place);
    seen.add(place);
  }
}

function noteWrongMarks({ pools, bots, markedWrongly }: Ground, before: PoolState): void {
  for (const { instanceId, runningSinceMs, beganAtMs } of bots) {
    const isNew = before.botMapping[instanceId]?.status !== 'failed';
    const isFailed = pools.botMapping[instanceId]?.status === 'failed';
    if (isFailed && isNew && runningSinceMs === beganAtMs) markedWrongly.add(instanceId);
  }
}
