// Bots with their money and their tombstones in memory, and the ports of deletions that a process reaches them through.

import type { SimulatedProcess } from '../../packages/saga/src/testing/index.ts';
import { STORED_VALUES } from '../../src/bots/bot-valuation.ts';
import type { DeletionPorts } from '../../src/deletion/steps/step-ports.ts';
import { EVERY_HOST_BELIEVED } from '../support/known-hosts.ts';
import {
  type BotBeginning,
  type BotWorld,
  createBotWorld,
  createGround,
  type Ground,
  noteWritten,
} from './bot-world.ts';
import { botsOver } from './bots.ts';
import { inertPorts } from './inert-ports.ts';
import { ledgerOver } from './ledger.ts';
import { DIRECT_LINK, overLink } from './over-link.ts';
import { poolStatesOver } from './pool-states.ts';
import { createMemoryTombstones, type MemoryTombstones } from './tombstones.ts';
import {
  createWalletWorld,
  type Names,
  type WalletRules,
  type WalletWorld,
} from './wallet-world.ts';
import { walletsOver } from './wallets.ts';

/** One bot in the three sources. */
export interface Place {
  readonly names: Names;
  readonly wallet: WalletWorld;
  readonly bot: BotWorld;
  /** Kinds of what was reported for a person. */
  readonly findings: Set<string>;
}

export interface Shared {
  readonly ground: Ground;
  readonly places: Place[];
  readonly tombstones: MemoryTombstones;
  readonly nowMs: () => number;
}

export function createShared(nowMs: () => number): Shared {
  return { ground: createGround(), places: [], tombstones: createMemoryTombstones(nowMs), nowMs };
}

export interface PlaceBeginning {
  readonly bot: BotBeginning;
  /** Whether money is set aside for it. */
  readonly hasMoney: boolean;
  readonly rules: WalletRules;
}

export function addPlace(
  { ground, places, nowMs }: Shared,
  names: Names,
  { bot: beginning, hasMoney: hasBot, rules }: PlaceBeginning,
): Place {
  const { firebaseUid: uid, instanceId } = names;
  const bot = createBotWorld(ground, { uid, instanceId }, beginning, nowMs);
  const runningForMs = () => nowMs() - (bot.runningSinceMs ?? nowMs());
  const place: Place = {
    names,
    bot,
    wallet: createWalletWorld(names, { rules, hasBot, nowMs, runningForMs }),
    findings: new Set(),
  };
  places.push(place);
  return place;
}

/** @param process default: one that no call fails for, and that knows no saga. */
export function portsOver(
  shared: Shared,
  { link, log }: Pick<SimulatedProcess, 'link' | 'log'> = { link: DIRECT_LINK, log: inertPorts() },
): DeletionPorts {
  const { ground, places, tombstones, nowMs } = shared;
  const money = places.map(({ wallet }) => wallet);
  return {
    wallets: walletsOver(money, link),
    ledger: ledgerOver(money, link),
    tombstones: overLink(tombstones, link, 'wallet'),
    poolStates: poolStatesOver(ground, {
      ...{ link, nowMs },
      onWritten: (before) => noteWritten(ground, before),
    }),
    bots: botsOver(ground, link, nowMs),
    valuation: STORED_VALUES,
    findings: findingsOver(shared),
    hostExpectations: EVERY_HOST_BELIEVED,
    platform: null,
    findSagas: log.findRevisions,
  };
}

function findingsOver({ places }: Shared): DeletionPorts['findings'] {
  return {
    ...inertPorts<DeletionPorts['findings']>(),
    report: async ({ kind, instanceId }) => {
      places.find(({ names }) => names.instanceId === instanceId)?.findings.add(kind);
    },
  };
}
