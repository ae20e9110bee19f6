// The rounds of pool health in a simulation: two processes whose clocks begin them, which die in the middle of one.

import { createPeriodic, type Periodic } from '../../../packages/saga/src/run/periodic.ts';
import type { Link, SimulatedProcess } from '../../../packages/saga/src/testing/index.ts';
import type { HealthMeter } from '../../../src/health/health-metrics.ts';
import type { HealthPorts } from '../../../src/health/health-ports.ts';
import { HEALTH_SETTINGS } from '../../../src/health/judge-bot.ts';
import type { HealthRounds } from '../../../src/health/mongodb/health-rounds.ts';
import type { Owners } from '../../../src/health/mongodb/owners.ts';
import { checkByClock } from '../../../src/health/watch-pools.ts';
import { createMemoryBotHealths } from '../../fakes/bot-healths.ts';
import { botsOver } from '../../fakes/bots.ts';
import { createMemoryHealthRounds } from '../../fakes/health-rounds.ts';
import { inertPorts } from '../../fakes/inert-ports.ts';
import { overLink } from '../../fakes/over-link.ts';
import { portsOver } from '../../fakes/places.ts';
import type { Twin } from './twin.ts';
import type { SharedByUsers } from './user-simulation.ts';

export interface SimulatedRounds extends Periodic {
  /** The process of one of the rounds that are under way dies; the next round is another process's. */
  kill(): void;
  /** The storm is over: from now on they come as seldom as they do by default. */
  slowDown(): void;
}

/** HEALTH_EVERY_SECONDS: short enough for several rounds in every storm. */
const EVERY_MS = 4_000;
/** The calm lasts twenty times as long as the storm, and its rounds find little to do. */
const CALM_EVERY_MS = 30_000;
const LIMIT_MS = 60_000;

/** @param process the one that the world's people reach: each round has a link of its own over it. */
export function createRounds(
  shared: SharedByUsers,
  process: SimulatedProcess,
  twin: Twin,
): SimulatedRounds {
  const healths = createMemoryBotHealths();
  const rounds = createMemoryHealthRounds(shared.nowMs);
  const underWay = new Set<() => void>();
  let isSlow = false;
  let begunAtMs = 0;

  async function round(signal: AbortSignal): Promise<void> {
    const nowMs = shared.nowMs();
    if (isSlow && nowMs < begunAtMs + CALM_EVERY_MS) return;
    begunAtMs = nowMs;
    const { promise: death, resolve: die } = Promise.withResolvers<void>();
    const link = mortal(process.link, death);
    const real = healthPortsOver(shared, { ...process, link }, { healths, rounds });
    const ports = twin.health?.(real) ?? real;
    underWay.add(die);
    const ignore = () => undefined;
    await Promise.race([checkByClock(ports, signal, ignore, ignore), death]);
    underWay.delete(die);
  }

  const clock = () =>
    createPeriodic({
      everyMs: EVERY_MS,
      limitMs: LIMIT_MS,
      turn: round,
      onError: () => undefined,
    });
  const clocks = [clock(), clock()];
  return {
    start: () => {
      for (const one of clocks) one.start();
    },
    stop: async () => {
      await Promise.all(clocks.map((one) => one.stop()));
    },
    kill: () => {
      const [first] = underWay;
      first?.();
    },
    slowDown: () => {
      isSlow = true;
    },
  };
}

/** From the death on no call is sent, and none is answered. */
function mortal(link: Link, death: Promise<void>): Link {
  let isDead = false;
  void death.then(() => {
    isDead = true;
  });
  const alive = async () => {
    if (isDead) await new Promise<never>(() => undefined);
  };
  return {
    ...link,
    call: async (...call) => {
      await alive();
      try {
        return await link.call(...call);
      } finally {
        await alive();
      }
    },
  };
}

function healthPortsOver(
  shared: SharedByUsers,
  process: SimulatedProcess,
  { healths, rounds }: Pick<HealthPorts, 'healths' | 'rounds'>,
): HealthPorts {
  const { link, sagas } = process;
  const { ground, nowMs, events } = shared;
  const send = <T>(what: string, effect: () => T | Promise<T>) =>
    link.call('wallet', `health ${what}`, effect);
  return {
    ...portsOver(shared, process),
    containers: botsOver(ground, link, nowMs),
    owners: { find: (names) => send('owners', () => ownersAmong(shared, names)) },
    healths: overLink(healths, link, 'wallet'),
    events: overLink(events, link, 'wallet'),
    rounds: {
      ...inertPorts<HealthRounds>(),
      begin: async (holdMs) => {
        const round = await send('begin', () => rounds.begin(holdMs));
        return round === null ? null : { end: (how) => send('end', () => round.end(how)) };
      },
    },
    meter: SILENT,
    sagas: {
      // What a dead process has asked for is asked for by nobody.
      start: async (order) => {
        await send('order', () => undefined);
        return sagas().start(order);
      },
      findHolders: (keys) => sagas().findHolders(keys),
    },
    settings: HEALTH_SETTINGS,
    nowMs,
  };
}

function ownersAmong(
  { places }: SharedByUsers,
  names: readonly string[],
): Awaited<ReturnType<Owners['find']>> {
  return new Map(
    places.flatMap(({ names: { userId, firebaseUid } }) =>
      [userId, firebaseUid]
        .filter((name) => names.includes(name))
        .map((name) => [name, { userId, firebaseUid }] as const),
    ),
  );
}

const SILENT: HealthMeter = {
  confirmed: () => undefined,
  restarted: () => undefined,
  roundEnded: () => undefined,
  statusWritten: () => undefined,
};
