// Bots as programs in pools, and the pool state that names them, in memory; an orphan's runs nowhere.
// Docker cannot fence: what was sent to it late has arrived by the next time anybody looks, because one daemon does one
// thing after the other.

import { SagaError, TerminalError } from '../../../packages/saga/src/errors.ts';
import type { Link } from '../../../packages/saga/src/testing/simulation/link.ts';
import type { BotPlace, Bots, FencedCall } from '../../../src/bots/bots.ts';
import {
  type ContainerObservation,
  type PoolContainers,
  RESTART_CALL_MS,
  type RestartOutcome,
} from '../../../src/bots/pool-containers.ts';
import type { ObservedBot, ObservedPooled, ProgramState } from '../../../src/domain/bot.ts';
import { joinAnswers, ok, type SourceAnswer, unknown } from '../../../src/domain/source.ts';
import { findEntry, type PoolState } from '../../../src/pool-state/pool-state.ts';
import type { PoolStates } from '../../../src/pool-state/pool-states.ts';
import { inertPorts } from '../inert-ports.ts';

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
  const pools: PoolState = { pools: {}, botMapping: {}, nextPoolId: 1, updatedAt: '' };
  return { pools, bots: [], newest: new Map(), givenTwice: new Set(), markedWrongly: new Set() };
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

const BASE_PORT = 9000;

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

/** Its program ends by itself. */
export function fail(world: BotWorld): void {
  world.program = 'EXITED';
  world.runningSinceMs = null;
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
  const { ground, outrunForMs, nowMs } = world;
  if (!isClaimed(call)) return;
  const newest = ground.newest.get(call.sagaId);
  const isOutrun = newest !== undefined && call.epoch < newest.epoch;
  if (isOutrun) world.outrunForMs = Math.max(outrunForMs, nowMs() - newest.sinceMs);
}

/** A step's own call, which is more than its port asks for. */
function isClaimed(
  call: FencedCall,
): call is FencedCall & { readonly sagaId: string; readonly epoch: number } {
  return 'sagaId' in call && 'epoch' in call;
}

/** @param nowMs of the world. */
export function botsOver(ground: Ground, link: Link, nowMs: () => number): Bots & PoolContainers {
  const send = <T>(what: string, effect: () => T) => link.call('docker', `bot ${what}`, effect);
  const at = (instanceId: string) => botNamed(ground, instanceId);
  const changed = async <T>(
    instanceId: string,
    call: FencedCall,
    what: string,
    effect: Effect<T>,
  ) => {
    const world = at(instanceId);
    await passFence(world, call);
    return send(what, () => effect(world));
  };
  const observe = (instanceId: string) => {
    const world = at(instanceId);
    return isBotGone(world) ? null : observedBotOf(world);
  };
  return {
    ...inertPorts<Bots & PoolContainers>(),
    hosts: () => ['a'],
    hasManaged: () => answer(() => send('look for pools', () => ground.bots.length > 0)),
    list: async (host, owner) => {
      const ofOwner = () => listed(ground, ({ uid }) => owner === null || uid === owner);
      return { host, answer: await answer(() => send('list', ofOwner)), unknownPools: [] };
    },
    locate: async ({ instanceId }) => {
      const found = () => [observe(instanceId)].filter((bot) => bot !== null);
      return joinAnswers([await answer(() => send('locate', found))], new Date(nowMs()));
    },
    observe: (instanceId) => answer(() => send('look', () => observe(instanceId))),
    readPort: async (instanceId) =>
      ok({ status: 'read', port: at(instanceId).port ?? BASE_PORT }, new Date(nowMs())),
    findPools: async (containerNames) => {
      const found = await answer(() => send('find pools', () => containerNames.map(poolNamed)));
      return found.status === 'ok'
        ? { pools: found.items, unknown: [] }
        : { pools: [], unknown: [found.reason] };
    },
    listPool: ({ containerName }) =>
      answer(() => send('list pool', () => listed(ground, isInside(containerName)))),
    observeAll: async ({ pools }) =>
      new Map(
        await Promise.all(
          pools.map(async ({ containerName }) => {
            const programs = () => programsIn(ground, containerName);
            const observed = observationOf(await answer(() => send('programs', programs)));
            return [containerName, observed] as const;
          }),
        ),
      ),
    start: ({ instanceId, place }, call) =>
      changed(instanceId, call, 'start', (world) => startAt(world, place)),
    stop: (instanceId, _, call) =>
      changed(instanceId, call, 'stop', (world) => {
        if (isBotGone(world)) return 'gone';
        end(world, 'aside');
        return 'stopped';
      }),
    restore: (instanceId, captured, call) =>
      changed(instanceId, call, 'restore', (world) => restore(world, captured)),
    remove: (instanceId, _, call) =>
      changed(instanceId, call, 'remove', (world) => {
        if (isBotGone(world)) return 'gone';
        end(world, 'gone');
        return 'removed';
      }),
    restart: (instanceId, _, call) => {
      let passedMs = 0;
      const fence = async () => {
        await call.fence();
        passedMs = nowMs();
      };
      return changed(instanceId, { ...call, fence }, 'restart', (world) =>
        restart(world, nowMs() - passedMs),
      );
    },
  };
}

type Effect<T> = (world: BotWorld) => T;

function botNamed(ground: Ground, instanceId: string): BotWorld {
  const bot = ground.bots.find((one) => one.instanceId === instanceId);
  if (bot === undefined) throw new RangeError(`there is no ${instanceId}`);
  return bot;
}

const isInside = (containerName: string) => (bot: BotWorld) =>
  containerOf(bot.uid) === containerName;

/** As the port promises: no call of it is under way for longer after its fence. */
function restart(world: BotWorld, forMs: number): RestartOutcome {
  if (forMs > RESTART_CALL_MS) return 'not-needed';
  if (world.conf !== 'present') return 'gone';
  if (world.program !== 'EXITED') return 'not-needed';
  start(world);
  world.restartsAtMs.push(world.nowMs());
  return 'started';
}

function poolNamed(containerName: string) {
  return { host: 'a', containerId: 'c1', containerName, running: true };
}

/** As its supervisord has them. */
function programsIn(ground: Ground, containerName: string): ReadonlyMap<string, ProgramState> {
  const inside = ground.bots.filter(isInside(containerName));
  return new Map(
    inside.flatMap(({ instanceId, program }) =>
      program === 'absent' ? [] : [[instanceId, program] as const],
    ),
  );
}

function observationOf(
  answered: SourceAnswer<ReadonlyMap<string, ProgramState>>,
): ContainerObservation {
  if (answered.status === 'unknown') return answered;
  return { ...POOL_THAT_RUNS, programs: answered.items };
}

const POOL_THAT_RUNS = { status: 'running', host: 'a', containerId: 'c1', doubt: null } as const;

function listed(ground: Ground, isWanted: (bot: BotWorld) => boolean) {
  return ground.bots
    .filter((bot) => isWanted(bot) && !isBotGone(bot))
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

function noteWrongMarks({ pools, bots, markedWrongly }: Ground, before: PoolState): void {
  for (const { instanceId, runningSinceMs, beganAtMs } of bots) {
    const isNew = before.botMapping[instanceId]?.status !== 'failed';
    const isFailed = pools.botMapping[instanceId]?.status === 'failed';
    if (isFailed && isNew && runningSinceMs === beganAtMs) markedWrongly.add(instanceId);
  }
}

function restore(world: BotWorld, captured: ObservedBot): 'restored' | 'gone' {
  if (isBotGone(world) || captured.kind !== 'pooled') return 'gone';
  if (captured.program === 'RUNNING') {
    start(world);
  } else {
    end(world, captured.conf);
    world.program = captured.program;
  }
  return 'restored';
}

export function poolStatesOver(ground: Ground, link: Link): PoolStates {
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
      noteWrongMarks(ground, before);
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
