// One bot as a program in a pool, and the pool state that names it, in memory; or an orphan's, which runs nowhere.
// Docker cannot fence: what was sent to it late has arrived by the next time anybody looks, because one daemon does one
// thing after the other.

import { SagaError } from '../../../packages/saga/src/errors.ts';
import type { Link } from '../../../packages/saga/src/testing/simulation/link.ts';
import type { Bots, FencedCall } from '../../../src/bots/bots.ts';
import type { ObservedBot, ObservedPooled } from '../../../src/domain/bot.ts';
import { joinAnswers, ok, unknown } from '../../../src/domain/source.ts';
import { findEntry, type PoolState } from '../../../src/pool-state/pool-state.ts';
import type { PoolStates } from '../../../src/pool-state/pool-states.ts';
import { inertPorts } from '../inert-ports.ts';

export interface BotWorld {
  readonly uid: string;
  readonly instanceId: string;
  conf: ObservedPooled['conf'];
  program: ObservedPooled['program'];
  pools: PoolState;
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
}

export function createBotWorld(
  uid: string,
  instanceId: string,
  { isRunning, isListed: isInFile }: BotBeginning,
  nowMs: () => number,
): BotWorld {
  const poolId = `${uid}-pool-1`;
  const containerName = `freqtrade-pool-${poolId}`;
  const createdAt = '2026-10-02T09:29:00.000Z';
  const place = { poolId, containerName, host: containerName, slotIndex: 0, port: 9000 };
  return {
    uid,
    instanceId,
    conf: isRunning ? 'present' : 'gone',
    program: isRunning ? 'RUNNING' : 'absent',
    runningSinceMs: isRunning ? nowMs() : null,
    newest: { epoch: 0, sinceMs: nowMs() },
    outrunForMs: 0,
    nowMs,
    pools: {
      pools: {
        [poolId]: {
          id: poolId,
          userId: uid,
          containerName,
          basePort: 9000,
          capacity: 3,
          bots: isInFile ? [instanceId] : [],
          status: 'running',
          createdAt,
          poolDir: 'pools/1',
        },
      },
      botMapping: isInFile
        ? { [instanceId]: { ...place, status: 'running', instanceId, userId: uid, createdAt } }
        : {},
      nextPoolId: 2,
      updatedAt: createdAt,
    },
  };
}

export function isBotGone({ conf, program }: BotWorld): boolean {
  return conf === 'gone' && program === 'absent';
}

export function isListed({ pools, instanceId }: BotWorld): boolean {
  return findEntry(pools, instanceId) !== null;
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
  const containerName = `freqtrade-pool-${uid}-pool-1`;
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
    readPort: async () => ok({ status: 'read', port: 9000 }, new Date(world.nowMs())),
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

function restore(world: BotWorld, captured: ObservedBot): 'restored' | 'gone' {
  if (isBotGone(world) || captured.kind !== 'pooled') return 'gone';
  if (captured.program === 'RUNNING') start(world);
  else end(world, captured.conf);
  return 'restored';
}

export function poolStatesOver(world: BotWorld, link: Link): PoolStates {
  return {
    read: () => answer(() => link.call('file', 'pools read', () => world.pools)),
    // The fence is asked inside the lock, and nothing comes between it and the write (I5).
    mutate: async ({ change, fence, signal }) => {
      await link.call('file', 'pools lock', () => undefined);
      signal.throwIfAborted();
      await fence();
      const before = world.pools;
      world.pools = change(before);
      const written = { state: world.pools, changed: world.pools !== before };
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
