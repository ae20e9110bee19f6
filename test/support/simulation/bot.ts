// One bot as a program in a pool, and the pool state that names it, in memory; or an orphan's, which runs nowhere.
// Docker cannot fence: what was sent to it late has arrived by the next time anybody looks, because one daemon does one
// thing after the other.

import { SagaError, TerminalError } from '../../../packages/saga/src/errors.ts';
import type { Link } from '../../../packages/saga/src/testing/simulation/link.ts';
import type { BotPlace, Bots, FencedCall } from '../../../src/bots/bots.ts';
import type { ObservedBot, ObservedPooled } from '../../../src/domain/bot.ts';
import { joinAnswers, ok, unknown } from '../../../src/domain/source.ts';
import { findEntry, type PoolState } from '../../../src/pool-state/pool-state.ts';
import type { PoolStates } from '../../../src/pool-state/pool-states.ts';
import { inertPorts } from '../inert-ports.ts';

/** What the bots of a simulation share: one pool state, and what runs in the pools that it names. */
export interface Ground {
  pools: PoolState;
  readonly bots: BotWorld[];
  /** Ports that two bots had at once, in the pool state or in their pool. */
  readonly givenTwice: Set<string>;
}

export function createGround(): Ground {
  const pools: PoolState = { pools: {}, botMapping: {}, nextPoolId: 1, updatedAt: '' };
  return { pools, bots: [], givenTwice: new Set() };
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
  /** The newest claim on its saga. */
  newest: { readonly epoch: number; readonly sinceMs: number };
  /** The longest that a worker still changed it after a newer claim. */
  outrunForMs: number;
  readonly nowMs: () => number;
}

export interface BotBeginning {
  readonly isRunning: boolean;
  readonly isListed: boolean;
  /** Of its pool, where it is there from the beginning. */
  readonly slotIndex: number;
  /** Of the pool, where this is its first bot. */
  readonly capacity: number;
}

const BASE_PORT = 9000;

export function createBotWorld(
  ground: Ground,
  { uid, instanceId }: { readonly uid: string; readonly instanceId: string },
  beginning: BotBeginning,
  nowMs: () => number,
): BotWorld {
  const { isRunning, slotIndex } = beginning;
  ground.pools = withBot(ground.pools, uid, instanceId, beginning);
  const world: BotWorld = {
    ground,
    uid,
    instanceId,
    conf: isRunning ? 'present' : 'gone',
    program: isRunning ? 'RUNNING' : 'absent',
    runningSinceMs: isRunning ? nowMs() : null,
    newest: { epoch: 0, sinceMs: nowMs() },
    outrunForMs: 0,
    nowMs,
    port: isRunning ? BASE_PORT + slotIndex : null,
  };
  ground.bots.push(world);
  return world;
}

function withBot(
  state: PoolState,
  uid: string,
  instanceId: string,
  { isListed: isInFile, slotIndex, capacity }: BotBeginning,
): PoolState {
  const poolId = `${uid}-pool-1`;
  const containerName = containerOf(uid);
  const createdAt = '2026-10-02T09:29:00.000Z';
  const place = {
    ...{ poolId, containerName, host: containerName },
    ...{ slotIndex, port: BASE_PORT + slotIndex },
  };
  const pool = state.pools[poolId] ?? {
    id: poolId,
    userId: uid,
    containerName,
    basePort: BASE_PORT,
    capacity,
    bots: [],
    status: 'running',
    createdAt,
    poolDir: 'pools/1',
  };
  const bots = isInFile ? [...pool.bots, instanceId] : pool.bots;
  const mapping = { ...place, status: 'running', instanceId, userId: uid, createdAt };
  return {
    ...state,
    pools: { ...state.pools, [poolId]: { ...pool, bots } },
    botMapping: { ...state.botMapping, ...(isInFile && { [instanceId]: mapping }) },
    nextPoolId: 2,
    updatedAt: createdAt,
  };
}

function containerOf(uid: string): string {
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

function end(world: BotWorld, conf: BotWorld['conf']): void {
  world.conf = conf;
  world.program = 'absent';
  world.runningSinceMs = null;
}

function observedBotOf({ uid, conf, program }: BotWorld): ObservedPooled {
  const containerName = containerOf(uid);
  const where = { kind: 'pooled', host: 'a', containerId: 'c1', containerName } as const;
  const programs = program === 'absent' ? [] : [{ name: 'bot-a', state: program }];
  return { ...where, labels: { userId: uid }, poolRunning: true, conf, program, programs };
}

/** What Docker is told right now it is told by whoever has passed the fence: nothing stands between the two. */
async function passFence(world: BotWorld, call: FencedCall): Promise<void> {
  await call.fence();
  const { newest, outrunForMs, nowMs } = world;
  const isOutrun = 'epoch' in call && Number(call.epoch) < newest.epoch;
  if (isOutrun) world.outrunForMs = Math.max(outrunForMs, nowMs() - newest.sinceMs);
}

export function botsOver(world: BotWorld, link: Link): Bots {
  const send = <T>(what: string, effect: () => T) => link.call('docker', `bot ${what}`, effect);
  return {
    ...inertPorts<Bots>(),
    hosts: () => ['a'],
    locate: async () => {
      const found = () => (isBotGone(world) ? [] : [observedBotOf(world)]);
      return joinAnswers([await answer(() => send('locate', found))], new Date(world.nowMs()));
    },
    observe: () =>
      answer(() => send('look', () => (isBotGone(world) ? null : observedBotOf(world)))),
    readPort: async (instanceId) => {
      const bot = world.ground.bots.find((one) => one.instanceId === instanceId);
      return ok({ status: 'read', port: bot?.port ?? BASE_PORT }, new Date(world.nowMs()));
    },
    findPools: async (containerNames) => {
      const found = await answer(() => send('find pools', () => containerNames.map(poolNamed)));
      return found.status === 'ok'
        ? { pools: found.items, unknown: [] }
        : { pools: [], unknown: [found.reason] };
    },
    listPool: ({ containerName }) =>
      answer(() => send('list pool', () => listed(world, containerName))),
    start: async ({ place }, call) => {
      await passFence(world, call);
      return send('start', () => startAt(world, place));
    },
    stop: async (_, __, call) => {
      await passFence(world, call);
      return send('stop', () => {
        if (isBotGone(world)) return 'gone';
        end(world, 'aside');
        return 'stopped';
      });
    },
    restore: async (_, captured, call) => {
      await passFence(world, call);
      return send('restore', () => restore(world, captured));
    },
    remove: async (_, __, call) => {
      await passFence(world, call);
      return send('remove', () => {
        if (isBotGone(world)) return 'gone';
        end(world, 'gone');
        return 'removed';
      });
    },
  };
}

function poolNamed(containerName: string) {
  return { host: 'a', containerId: 'c1', containerName, running: true };
}

function listed({ ground }: BotWorld, containerName: string) {
  const inside = ground.bots.filter((bot) => containerOf(bot.uid) === containerName);
  return inside
    .filter((bot) => !isBotGone(bot))
    .map((bot) => ({ instanceId: bot.instanceId, observedBot: observedBotOf(bot) }));
}

function startAt(world: BotWorld, place: BotPlace): ObservedBot {
  if (place.kind !== 'pooled') throw new TerminalError('NO_SUCH_IMAGE', 'there are pools alone');
  if (world.conf === 'aside') throw new TerminalError('BOT_PUT_ASIDE', 'by a deletion');
  const { ground, uid, instanceId } = world;
  for (const other of ground.bots) {
    const isBeside = other !== world && other.uid === uid && !isBotGone(other);
    if (isBeside && other.port === place.port) {
      ground.givenTwice.add(`port ${place.port}: ${instanceId} beside ${other.instanceId}`);
    }
  }
  world.port = place.port;
  start(world);
  return observedBotOf(world);
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

function restore(world: BotWorld, captured: ObservedBot): 'restored' | 'gone' {
  if (isBotGone(world) || captured.kind !== 'pooled') return 'gone';
  if (captured.program === 'RUNNING') start(world);
  else end(world, captured.conf);
  return 'restored';
}

export function poolStatesOver({ ground }: BotWorld, link: Link): PoolStates {
  return {
    read: () => answer(() => link.call('file', 'pools read', () => ground.pools)),
    // The fence is asked inside the lock, and nothing comes between it and the write (I5).
    mutate: async ({ change, fence, signal }) => {
      await link.call('file', 'pools lock', () => undefined);
      signal.throwIfAborted();
      await fence();
      const before = ground.pools;
      ground.pools = change(before);
      noteDoubles(ground);
      const written = { state: ground.pools, changed: ground.pools !== before };
      return link.call('file', 'pools written', () => written);
    },
  };
}

/** I4: whoever does not answer is unknown, not empty. */
async function answer<T>(ask: () => Promise<T>) {
  try {
    return ok(await ask(), new Date(0));
  } catch (error) {
    if (error instanceof SagaError) return unknown(error.message);
    throw error;
  }
}
