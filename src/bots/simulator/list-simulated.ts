// Everything on one host of the simulated world that looks like a bot. A pool that cannot be asked is named,
// and a host that does not answer is unknown (I4).

import { SagaError, UnavailableError } from '@reclaim/saga';
import { isOddName, mayBeRenamed } from '../../domain/renamed.ts';
import { ok, unknown } from '../../domain/source.ts';
import type { HostListing, ListedBot } from '../bots.ts';
import { type InjectedFaults, isActive } from './injected-faults.ts';
import type { WorldCalls } from './world-calls.ts';
import {
  botOf,
  type DedicatedDocument,
  hostKey,
  type PoolDocument,
  type PooledDocument,
  strangersIn,
  toObservedDedicated,
  toObservedPooled,
  type WorldCollection,
} from './world-documents.ts';

export interface ListingWorld {
  readonly collectionOf: () => WorldCollection;
  readonly calls: WorldCalls;
  readonly injectedFaults: InjectedFaults;
  readonly now: () => Date;
}

/** Whether the host holds any bot or pool. @throws UnavailableError when it cannot be asked. */
export async function hasSimulated(
  { calls, injectedFaults, collectionOf }: ListingWorld,
  host: string,
  signal: AbortSignal,
): Promise<boolean> {
  const met = await calls.read({ ids: [hostKey(host)] });
  await injectedFaults.beforeRead(met, signal);
  const found = await collectionOf()
    .findOne({ kind: { $in: ['dedicated', 'pool'] }, host })
    .catch((cause: unknown) => {
      throw new UnavailableError('SIMULATOR_UNREACHABLE', String(cause), { cause });
    });
  return found !== null;
}

export async function listSimulated(
  world: ListingWorld,
  host: string,
  owner: string | null,
  signal: AbortSignal,
): Promise<HostListing> {
  const observedAt = world.now();
  try {
    const met = await world.calls.read({ ids: [hostKey(host)] });
    await world.injectedFaults.beforeRead(met, signal);
    const { dedicated, pools, programs } = await readHost(world, host, owner);
    const asked = new Map(
      pools.filter((pool) => !isMute(pool)).map((pool) => [pool.containerName, pool]),
    );
    const items: ListedBot[] = [
      ...dedicated.flatMap((bot) => {
        const instanceId = botOf(bot);
        return instanceId === undefined
          ? []
          : [{ instanceId, observedBot: toObservedDedicated(bot) }];
      }),
      ...programs.flatMap((bot) => {
        const pool = asked.get(bot.pool);
        if (pool === undefined) return [];
        return [{ instanceId: bot.instanceId, observedBot: toObservedPooled(bot, pool) }];
      }),
    ];
    const unknownPools = pools.flatMap((pool) => {
      const reason = isMute(pool) ? 'its supervisord does not answer' : strangersIn(pool);
      const { containerName, labels } = pool;
      return reason === null ? [] : [{ containerName, labels, reason }];
    });
    const doubts = dedicated
      .filter(
        ({ containerName, labels }) => labels.instanceId === undefined && isOddName(containerName),
      )
      .map(({ containerName }) => ({
        reason: `${containerName} may be it under another name`,
        mayBe: (instanceId: string) => mayBeRenamed(containerName, instanceId),
      }));
    const claims = dedicated.flatMap((bot) => {
      const claim = bot.labels.instanceId;
      if (claim === undefined || botOf(bot) !== undefined) return [];
      const reason = `${bot.containerName} carries its label, and nothing else says that it is it`;
      return [{ reason, mayBe: (instanceId: string) => instanceId === claim }];
    });
    return {
      host,
      answer: ok(items, observedAt),
      unknownPools,
      doubts: [...doubts, ...claims],
    };
  } catch (error) {
    if (!(error instanceof SagaError)) throw error;
    return { host, answer: unknown(error.message), unknownPools: [] };
  }
}

async function readHost(world: ListingWorld, host: string, owner: string | null) {
  const collection = world.collectionOf();
  const owned = owner === null ? {} : { 'labels.userId': { $in: [owner, null, USER_ID] } };
  const ofUid = owner === null ? {} : { uid: { $in: [owner, null, USER_ID] } };
  try {
    const [dedicated, pools] = await Promise.all([
      collection.find({ kind: 'dedicated', host, ...owned }).toArray(),
      collection.find({ kind: 'pool', host, ...ofUid }).toArray(),
    ]);
    return {
      dedicated: dedicated as DedicatedDocument[],
      pools: pools as PoolDocument[],
      programs: await programsOf(world, pools as PoolDocument[]),
    };
  } catch (cause) {
    throw new UnavailableError('SIMULATOR_UNREACHABLE', String(cause), { cause });
  }
}

/** What these pools hold a conf file of, or, where they run, a program. @throws UnavailableError */
export async function programsOf(
  { collectionOf }: Pick<ListingWorld, 'collectionOf'>,
  pools: readonly PoolDocument[],
): Promise<readonly PooledDocument[]> {
  const names = pools.map(({ containerName }) => containerName);
  const found = await collectionOf()
    .find({ pool: { $in: names } })
    .toArray()
    .catch((cause: unknown) => {
      throw new UnavailableError('SIMULATOR_UNREACHABLE', String(cause), { cause });
    });
  const running = new Set(pools.flatMap((pool) => (pool.running ? [pool.containerName] : [])));
  return (found as PooledDocument[]).filter(
    ({ conf, program, pool }) => conf !== 'gone' || (program !== 'absent' && running.has(pool)),
  );
}

/** A label that holds a user's `_id` says nothing about a firebaseUid: who owns it is decided elsewhere. */
const USER_ID = /^[0-9a-f]{24}$/;

export function isMute({ running, supervisord, injectFaults }: PoolDocument): boolean {
  const isLost = isActive(injectFaults?.unknown) || isActive(injectFaults?.hang);
  return (running && supervisord === 'dead') || isLost;
}
