// The simulation of a user's bot and its money: deletions and reclaimings in a world of faults, and what the platform,
// Docker and an administrator do to it meanwhile.

import type { SagaRecord } from '../../../packages/saga/src/log/record.ts';
import type { Periodic } from '../../../packages/saga/src/run/periodic.ts';
import type {
  Setting,
  Simulated,
  SimulatedProcess,
  Simulation,
  Troubles,
} from '../../../packages/saga/src/testing/index.ts';
import { createDeleteBotSaga } from '../../../src/deletion/delete-bot.ts';
import { createJanitor } from '../../../src/deletion/janitor.ts';
import { createReclaimOrphanSaga, RECLAIM_ORPHAN } from '../../../src/deletion/reclaim-orphan.ts';
import type { DeletionPorts } from '../../../src/deletion/steps/step-ports.ts';
import { createProvisionBotSaga, PROVISION_BOT } from '../../../src/provisioning/provision-bot.ts';
import { createAbsence } from '../../../src/sync/observe-bot.ts';
import { type BotWorld, isBotGone, start } from '../../fakes/bot-world.ts';
import { addPlace, createShared, type Place, portsOver, type Shared } from '../../fakes/places.ts';
import { dropLock, RULES, resurrect } from '../../fakes/wallet-world.ts';
import { drawMixedPlot, drawPlot, type Plot } from './plot.ts';
import type { Twin } from './twin.ts';

/** What one saga is about. */
export interface SimulatedWorld extends Setting, Place {
  readonly shared: Shared;
  readonly plot: Plot;
}

const JANITOR_EVERY_MS = 15_000;
/** The tombstone's last observation is due ten minutes after its end. */
const LAST_OBSERVATIONS_MS = 15 * 60_000;

/** Deletions and reclaimings, each in a world of its own. @param twin what is seeded into it; the real thing without. */
export function simulationOf(twin: Twin = {}): Simulation<SimulatedWorld> {
  return {
    ...baseOf(twin),
    begin: (nth, setting) =>
      createWorld(setting, drawPlot(setting.chance, nth), createShared(setting.nowMs), twin),
  };
}

/** Provisions too, in one pool state and mostly in one pool: what one bot leaves another may get. */
export function mixedSimulationOf(twin: Twin = {}): Simulation<SimulatedWorld> {
  const shared = new WeakMap<Setting, Shared>();
  return {
    ...baseOf(twin),
    sagas: [1, 2, 3, 4],
    begin: (nth, setting) => {
      const known = shared.get(setting) ?? createShared(setting.nowMs);
      shared.set(setting, known);
      return createWorld(setting, drawMixedPlot(setting.chance, nth), known, twin);
    },
  };
}

/** What every simulation of bots has around it. */
export const AROUND_BOTS = {
  services: {
    wallet: { repeats: true, hangs: true, arrivesLate: true },
    docker: { hangs: true, arrivesLate: true, isSerial: true },
    // Written under a lock.
    file: { hangs: true },
  },
  sluggish: [null, null, 'wallet', 'wallet', 'docker', 'file'],
  away: ['log', 'wallet', 'docker', 'docker', 'file'],
  besideForMs: LAST_OBSERVATIONS_MS,
} as const;

export function withTwin(twin: Twin, ports: DeletionPorts): DeletionPorts {
  return twin.ports?.(ports) ?? ports;
}

export function janitorOf(ports: DeletionPorts): Periodic {
  return createJanitor({
    ports,
    everyMs: JANITOR_EVERY_MS,
    onEntryReturned: () => undefined,
    onObserve: () => undefined,
    onError: () => undefined,
  });
}

/** Remembers since when the newest claim on a saga has stood. */
export function noteClaim({ ground, nowMs }: Shared, { id, epoch }: SagaRecord): void {
  const known = ground.newest.get(id);
  if (epoch > (known?.epoch ?? 0)) ground.newest.set(id, { epoch, sinceMs: nowMs() });
}

function baseOf(twin: Twin): Omit<Simulation<SimulatedWorld>, 'begin'> {
  const portsOf = ({ shared }: SimulatedWorld, process: SimulatedProcess) =>
    withTwin(twin, portsOver(shared, process));
  return {
    ...AROUND_BOTS,
    order: ({ plot: { kind, input } }) => ({ kind, input }),
    define: (world, process) => {
      const ports = portsOf(world, process);
      const sagas = [
        createDeleteBotSaga(ports),
        createReclaimOrphanSaga(ports, createAbsence(ports)),
        createProvisionBotSaga(ports),
      ];
      return sagas.map((saga) => twin.definition?.(saga, { log: world.log }) ?? saga);
    },
    storm,
    tend: ({ wallet, findings }) => {
      // An administrator who was informed of an allocation that is back removes it.
      if (wallet.isResurrected && findings.has('resurrected')) wallet.allocation = null;
    },
    beside: (world, process) => janitorOf(portsOf(world, process)),
    onWritten: ({ shared }, saga) => noteClaim(shared, saga),
    ...(twin.log !== undefined && { wrapLog: twin.log }),
  };
}

function createWorld(setting: Setting, plot: Plot, shared: Shared, twin: Twin): SimulatedWorld {
  setting.trace(`begins: ${plot.kind}, ${plot.policy}`);
  const hasMoney = plot.kind !== PROVISION_BOT;
  const rules = { ...RULES, ...twin.rules };
  const place = addPlace(shared, plot.names, { bot: plot.bot, hasMoney, rules });
  return { ...setting, ...place, shared, plot };
}

function storm(world: SimulatedWorld, troubles: Troubles): void {
  const { bot, plot } = world;
  troubles(1, 40, () => writeLegacy(world, world, plot.kind !== PROVISION_BOT));
  const wasRunning = bot.runningSinceMs !== null;
  troubles(1, wasRunning ? 20 : 200, () => {
    const mayAppear = plot.kind === RECLAIM_ORPHAN;
    if (mayAppear || !isBotGone(bot)) startBot(world, bot);
  });
}

/** What the platform writes it writes from its own copy: without the lock, or with the allocation that was paid. */
export function writeLegacy(
  { chance, trace }: Setting,
  { wallet }: Pick<Place, 'wallet'>,
  mayReturn: boolean,
): void {
  if (wallet.allocation !== null) {
    trace('the lock is dropped');
    dropLock(wallet);
  } else if (wallet.copy !== null && mayReturn && chance.hits(0.5)) {
    trace('the allocation is back');
    resurrect(wallet);
  }
}

/** Docker's restart policy, or the platform, starts a bot that was stopped, or one that was not known to be there. */
export function startBot({ trace }: Setting, bot: BotWorld): void {
  if (bot.runningSinceMs !== null) return;
  trace('the bot is started');
  // One that comes from nowhere brings a port of its own: the one that it had may be another's by now.
  if (isBotGone(bot)) bot.port = null;
  start(bot);
}

/** What is to be seen in these worlds. */
export function sightsOfBots({ sagas }: Simulated<SimulatedWorld>): readonly string[] {
  return sagas.flatMap(({ world }) => [
    ...(world.wallet.isResurrected ? ['resurrected'] : []),
    ...(hasEarlierPort(world) ? ['a port of an earlier bot'] : []),
  ]);
}

function hasEarlierPort({ bot, shared }: SimulatedWorld): boolean {
  const others = shared.ground.bots.filter((other) => other !== bot && other.uid === bot.uid);
  return bot.port !== null && others.some(({ port }) => port === bot.port);
}
