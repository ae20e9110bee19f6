// What the sagas of one simulation have in common: bots with their money and their tombstones, and the ports that a
// process reaches them through.

import type { SimulatedProcess } from '../../../packages/saga/src/testing/index.ts';
import { STORED_VALUES } from '../../../src/bots/bot-valuation.ts';
import type { DeletionPorts } from '../../../src/deletion/steps/step-ports.ts';
import { inertPorts } from '../inert-ports.ts';
import { EVERY_HOST_BELIEVED } from '../known-hosts.ts';
import {
  type BotBeginning,
  type BotWorld,
  botsOver,
  createBotWorld,
  createGround,
  type Ground,
  poolStatesOver,
} from './bot.ts';
import { createTombstoneWorld, type TombstoneWorld, tombstonesOver } from './tombstones.ts';
import {
  createWalletWorld,
  ledgerOver,
  type Names,
  type WalletRules,
  type WalletWorld,
  walletsOver,
} from './wallet.ts';

/** One bot in the three sources, and its tombstone. */
export interface Place {
  readonly names: Names;
  readonly wallet: WalletWorld;
  readonly tombstones: TombstoneWorld;
  readonly bot: BotWorld;
  /** Kinds of what was reported for a person. */
  readonly findings: Set<string>;
}

export interface Shared {
  readonly ground: Ground;
  readonly places: Place[];
  readonly tombstones: TombstoneWorld[];
  readonly nowMs: () => number;
}

export function createShared(nowMs: () => number): Shared {
  return { ground: createGround(), places: [], tombstones: [], nowMs };
}

export interface PlaceBeginning {
  readonly bot: BotBeginning;
  /** Whether money is set aside for it. */
  readonly hasMoney: boolean;
  readonly rules: WalletRules;
}

export function addPlace(
  { ground, places, tombstones, nowMs }: Shared,
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
    tombstones: createTombstoneWorld(instanceId, nowMs),
    findings: new Set(),
  };
  places.push(place);
  tombstones.push(place.tombstones);
  return place;
}

export function portsOver(shared: Shared, { link, log }: SimulatedProcess): DeletionPorts {
  const { ground, places, tombstones, nowMs } = shared;
  const money = places.map(({ wallet }) => wallet);
  return {
    wallets: walletsOver(money, link),
    ledger: ledgerOver(money, link),
    tombstones: tombstonesOver(tombstones, link),
    poolStates: poolStatesOver(ground, link),
    bots: botsOver(ground, link, nowMs),
    valuation: STORED_VALUES,
    findings: findingsOver(shared),
    hostExpectations: EVERY_HOST_BELIEVED,
    platform: null,
    findSagas: log.findStates,
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
