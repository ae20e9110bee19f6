// Bots as programs in pools, in memory. Docker cannot fence: what was sent to it late has arrived by the time of the next
// observation, because one daemon does one thing after the other.

import { TerminalError } from '../../packages/saga/src/errors.ts';
import type { Link } from '../../packages/saga/src/testing/index.ts';
import type { BotPlace, Bots, FencedCall } from '../../src/bots/bots.ts';
import {
  type ContainerObservation,
  type PoolContainers,
  RESTART_CALL_MS,
  type RestartOutcome,
} from '../../src/bots/pool-containers.ts';
import type { ObservedBot, ObservedPooled, ProgramState } from '../../src/domain/bot.ts';
import { joinAnswers, ok, type SourceAnswer } from '../../src/domain/source.ts';
import { answerOf } from './answer-of.ts';
import {
  BASE_PORT,
  type BotWorld,
  containerOf,
  end,
  type Ground,
  isBotGone,
  start,
} from './bot-world.ts';
import { inertPorts } from './inert-ports.ts';

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
    hasManaged: () => answerOf(() => send('look for pools', () => ground.bots.length > 0)),
    list: async (host, owner) => {
      const ofOwner = () => listed(ground, ({ uid }) => owner === null || uid === owner);
      return { host, answer: await answerOf(() => send('list', ofOwner)), unknownPools: [] };
    },
    locate: async ({ instanceId }) => {
      const found = () => [observe(instanceId)].filter((bot) => bot !== null);
      return joinAnswers([await answerOf(() => send('locate', found))], new Date(nowMs()));
    },
    observe: (instanceId) => answerOf(() => send('look', () => observe(instanceId))),
    readPort: async (instanceId) =>
      ok({ status: 'read', port: at(instanceId).port ?? BASE_PORT }, new Date(nowMs())),
    findPools: async (containerNames) => {
      const found = await answerOf(() => send('find pools', () => containerNames.map(poolNamed)));
      return found.status === 'ok'
        ? { pools: found.items, unknown: [] }
        : { pools: [], unknown: [found.reason] };
    },
    listPool: ({ containerName }) =>
      answerOf(() => send('list pool', () => listed(ground, isInside(containerName)))),
    observeAll: async ({ pools }) =>
      new Map(
        await Promise.all(
          pools.map(async ({ containerName }) => {
            const programs = () => programsIn(ground, containerName);
            const observed = observationOf(await answerOf(() => send('programs', programs)));
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
