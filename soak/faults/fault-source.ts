// Small faults in the simulated Docker: one bot, pool or host that hangs, lies, loses replies, forgets or dies. Each
// is a count that its victims use up, or is cleared when an outage ends.

import type { Db } from 'mongodb';
import { SIMULATED_HOST } from '../../src/bots/simulator/simulated-bots.ts';
import {
  dedicatedKey,
  hostKey,
  type InjectedFault,
  pooledKey,
  poolKey,
  worldCollection,
} from '../../src/bots/simulator/world-documents.ts';
import type { Random } from '../random.ts';
import type { Tally } from '../tally.ts';

export interface FaultSource {
  /** Something goes wrong with a bot that is about to be deleted. */
  beforeDelete(instanceId: string): Promise<void>;
  /** New bots do not come up, in a pool or, where there is none, on the host. */
  beforeProvision(pool: string | null): Promise<void>;
  /** The host forgets a bot: its allocation is an orphan now. */
  lose(instanceId: string): Promise<void>;
  crash(instanceId: string): Promise<void>;
  host(kind: 'unreachable' | 'unknown' | 'hang', isOn: boolean): Promise<void>;
  supervisord(pool: string, state: 'up' | 'dead'): Promise<void>;
  /** Everything behaves again; what was lost or has crashed stays so. */
  clear(): Promise<void>;
  readonly lost: ReadonlySet<string>;
  readonly crashed: ReadonlySet<string>;
}

const BOT_KINDS: readonly [BotFaults, ...BotFaults[]] = [
  { kind: 'loseReply', weight: 6, most: 2 },
  { kind: 'unknown', weight: 3, most: 2 },
  { kind: 'unreachable', weight: 3, most: 2 },
  { kind: 'refuseStop', weight: 5, most: 4 },
  { kind: 'hang', weight: 0.4, most: 1 },
];
/** Longer than a stop may fail: the policy has to decide. */
const NEVER_STOPS = 0.1;

export function createFaultSource(db: Db, random: Random, tally: Tally): FaultSource {
  const lost = new Set<string>();
  const crashed = new Set<string>();
  const world = () => worldCollection(db);
  const botKeys = (instanceId: string) => [dedicatedKey(instanceId), pooledKey(instanceId)];
  const set = (ids: readonly string[], kind: keyof InjectedFault, times: true | number) =>
    world().updateMany({ _id: { $in: [...ids] } }, { $set: { [`injectFaults.${kind}`]: times } });
  const setHost = (kind: keyof InjectedFault, times: true | number) =>
    world().updateOne(
      { _id: hostKey(SIMULATED_HOST) },
      { $set: { [`injectFaults.${kind}`]: times }, $setOnInsert: { kind: 'host' } },
      { upsert: true },
    );

  return {
    lost,
    crashed,
    beforeDelete: async (instanceId) => {
      const { kind, most } = random.weighted(BOT_KINDS);
      const isForGood = kind === 'refuseStop' && random.chance(NEVER_STOPS);
      await set(botKeys(instanceId), kind, isForGood ? true : random.between(1, most));
      tally.add(isForGood ? 'bot never stops' : BOT_NAMES[kind]);
    },
    beforeProvision: async (pool) => {
      const times = random.between(1, 6);
      if (pool === null) await setHost('refuseStart', times);
      else await set([poolKey(pool)], 'refuseStart', times);
      tally.add('new bots do not come up');
    },
    lose: async (instanceId) => {
      // Before the deed, which may be done although its answer is lost.
      lost.add(instanceId);
      await world().deleteMany({ _id: { $in: botKeys(instanceId) } });
      tally.add('bot lost by its host');
    },
    crash: async (instanceId) => {
      crashed.add(instanceId);
      await world().updateOne({ _id: pooledKey(instanceId) }, { $set: { program: 'FATAL' } });
      await world().updateOne({ _id: dedicatedKey(instanceId) }, { $set: { running: false } });
      tally.add('bot crashed');
    },
    host: async (kind, isOn) => {
      await setHost(kind, isOn ? true : 0);
    },
    supervisord: async (pool, state) => {
      await world().updateOne({ _id: poolKey(pool) }, { $set: { supervisord: state } });
    },
    clear: async () => {
      await world().updateMany(
        { injectFaults: { $exists: true } },
        { $unset: { injectFaults: '' } },
      );
      await world().updateMany({ kind: 'pool' }, { $set: { supervisord: 'up' } });
    },
  };
}

interface BotFaults {
  readonly kind: keyof typeof BOT_NAMES;
  readonly weight: number;
  /** Calls that it spoils. */
  readonly most: number;
}

const BOT_NAMES = {
  loseReply: 'bot loses replies',
  unknown: 'bot cannot be told',
  unreachable: 'bot unreachable',
  refuseStop: 'bot says stopped and runs on',
  hang: 'bot hangs',
} as const;
