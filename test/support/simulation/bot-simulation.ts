// The simulation of a user's bot and its money: deletions and reclaimings in a world of faults, and what the platform,
// Docker and an administrator do to it meanwhile.

import type {
  Link,
  Setting,
  SimulatedProcess,
  Simulation,
  Troubles,
} from '../../../packages/saga/src/testing/index.ts';
import { STORED_VALUES } from '../../../src/bots/bot-valuation.ts';
import { createDeleteBotSaga } from '../../../src/deletion/delete-bot.ts';
import { createJanitor } from '../../../src/deletion/janitor.ts';
import { createReclaimOrphanSaga, RECLAIM_ORPHAN } from '../../../src/deletion/reclaim-orphan.ts';
import type { DeletionPorts } from '../../../src/deletion/steps/step-ports.ts';
import { createProvisionBotSaga, PROVISION_BOT } from '../../../src/provisioning/provision-bot.ts';
import { createAbsence } from '../../../src/sync/observe-bot.ts';
import { inertPorts } from '../inert-ports.ts';
import { EVERY_HOST_BELIEVED } from '../known-hosts.ts';
import {
  type BotWorld,
  botsOver,
  createBotWorld,
  createGround,
  type Ground,
  isBotGone,
  poolStatesOver,
  start,
} from './bot.ts';
import { drawMixedPlot, drawPlot, type Plot } from './plot.ts';
import { createTombstoneWorld, type TombstoneWorld, tombstonesOver } from './tombstones.ts';
import type { Twin } from './twin.ts';
import {
  createWalletWorld,
  dropLock,
  ledgerOver,
  RULES,
  resurrect,
  type WalletWorld,
  walletsOver,
} from './wallet.ts';

/** What one saga is about. */
export interface SimulatedWorld extends Setting {
  readonly shared: Shared;
  readonly plot: Plot;
  readonly wallet: WalletWorld;
  readonly tombstones: TombstoneWorld;
  readonly bot: BotWorld;
  /** Kinds of what was reported for a person. */
  readonly findings: Set<string>;
}

/** What the sagas of one simulation have in common. */
interface Shared {
  readonly ground: Ground;
  readonly tombstones: TombstoneWorld[];
}

const createShared = (): Shared => ({ ground: createGround(), tombstones: [] });

const JANITOR_EVERY_MS = 15_000;
/** The tombstone's last observation is due ten minutes after its end. */
const LAST_OBSERVATIONS_MS = 15 * 60_000;

/** Deletions and reclaimings, each in a world of its own. @param twin what is seeded into it; the real thing without. */
export function simulationOf(twin: Twin = {}): Simulation<SimulatedWorld> {
  return {
    ...baseOf(twin),
    begin: (nth, setting) =>
      createWorld(setting, drawPlot(setting.chance, nth), createShared(), twin),
  };
}

/** Provisions too, in one pool state and mostly in one pool: what one bot leaves another may get. */
export function mixedSimulationOf(twin: Twin = {}): Simulation<SimulatedWorld> {
  const shared = new WeakMap<Setting, Shared>();
  return {
    ...baseOf(twin),
    sagas: [1, 2, 3, 4],
    begin: (nth, setting) => {
      const known = shared.get(setting) ?? createShared();
      shared.set(setting, known);
      return createWorld(setting, drawMixedPlot(setting.chance, nth), known, twin);
    },
  };
}

function baseOf(twin: Twin): Omit<Simulation<SimulatedWorld>, 'begin'> {
  const portsOf = (world: SimulatedWorld, { link, log }: SimulatedProcess): DeletionPorts => {
    const ports = portsOver(world, link, log.findStates);
    return twin.ports?.(ports) ?? ports;
  };
  return {
    services: {
      wallet: { repeats: true, hangs: true, arrivesLate: true },
      docker: { hangs: true, arrivesLate: true, isSerial: true },
      // Written under a lock.
      file: { hangs: true },
    },
    sluggish: [null, null, 'wallet', 'wallet', 'docker', 'file'],
    away: ['log', 'wallet', 'docker', 'docker', 'file'],
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
    beside: (world, process) =>
      createJanitor({
        ports: portsOf(world, process),
        everyMs: JANITOR_EVERY_MS,
        onEntryReturned: () => undefined,
        onObserve: () => undefined,
        onError: () => undefined,
      }),
    besideForMs: LAST_OBSERVATIONS_MS,
    onWritten: ({ bot, nowMs }, { epoch }) => {
      if (epoch > bot.newest.epoch) bot.newest = { epoch, sinceMs: nowMs() };
    },
    ...(twin.log !== undefined && { wrapLog: twin.log }),
  };
}

function createWorld(setting: Setting, plot: Plot, shared: Shared, twin: Twin): SimulatedWorld {
  const { nowMs, trace } = setting;
  const { firebaseUid, instanceId } = plot.names;
  trace(`begins: ${plot.kind}, ${plot.policy}`);
  const rules = { ...RULES, ...twin.rules };
  const hasBot = plot.kind !== PROVISION_BOT;
  const tombstones = createTombstoneWorld(nowMs);
  shared.tombstones.push(tombstones);
  return {
    ...setting,
    shared,
    plot,
    wallet: createWalletWorld(instanceId, firebaseUid, { rules, hasBot, nowMs }),
    tombstones,
    bot: createBotWorld(shared.ground, { uid: firebaseUid, instanceId }, plot.bot, nowMs),
    findings: new Set(),
  };
}

function portsOver(
  { wallet, bot, tombstones, findings, shared }: SimulatedWorld,
  link: Link,
  findSagas: DeletionPorts['findSagas'],
): DeletionPorts {
  const runningForMs = () => bot.nowMs() - (bot.runningSinceMs ?? bot.nowMs());
  return {
    wallets: walletsOver(wallet, link, runningForMs),
    ledger: ledgerOver(wallet, link),
    tombstones: tombstonesOver(tombstones, shared.tombstones, link),
    poolStates: poolStatesOver(bot, link),
    bots: botsOver(bot, link),
    valuation: STORED_VALUES,
    findings: {
      ...inertPorts<DeletionPorts['findings']>(),
      report: async ({ kind }) => void findings.add(kind),
    },
    hostExpectations: EVERY_HOST_BELIEVED,
    platform: null,
    findSagas,
  };
}

function storm(world: SimulatedWorld, troubles: Troubles): void {
  const { bot, plot } = world;
  troubles(1, 40, () => writeLegacy(world));
  const wasRunning = bot.runningSinceMs !== null;
  troubles(1, wasRunning ? 20 : 200, () => {
    const mayAppear = plot.kind === RECLAIM_ORPHAN;
    if (mayAppear || !isBotGone(bot)) startBot(world);
  });
}

/** What the platform writes it writes from its own copy: without the mark, or with the allocation that was paid. */
function writeLegacy({ wallet, trace, chance, plot }: SimulatedWorld): void {
  if (wallet.allocation !== null) {
    trace('the mark is dropped');
    dropLock(wallet);
  } else if (wallet.copy !== null && plot.kind !== PROVISION_BOT && chance.hits(0.5)) {
    trace('the allocation is back');
    resurrect(wallet);
  }
}

/** Docker's restart policy, or the platform, starts a bot that was stopped, or one that was not known to be there. */
function startBot({ bot, trace }: SimulatedWorld): void {
  if (bot.runningSinceMs !== null) return;
  trace('the bot is started');
  start(bot);
}
