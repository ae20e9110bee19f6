// What Docker says of all bots at one moment, put together from the listings of its hosts: where each bot was
// found, and why a host or a pool could not be read. I4: "not found" is a "no" only where nothing that could hold
// the bot is in doubt. Kept small, because a run over all users holds one entry for every bot there is.

import type { BotDoubt, HostListing, UnknownPool } from '../bots/bots.ts';
import { isAtRest, type ObservedBot } from '../domain/bot.ts';
import { parseInstanceId } from '../domain/ids.ts';
import {
  type BotOwner,
  claimsOn,
  isOwner,
  type OwnerClaims,
  ownersOfPool,
} from '../pool-state/ownership.ts';
import type { PoolState } from '../pool-state/pool-state.ts';

export interface FoundBot {
  readonly kind: 'dedicated' | 'pooled';
  readonly host: string;
  readonly containerName: string;
  readonly poolId: string | null;
  /** Who is said to own it, by label, mapping and pool. */
  readonly claims: Pick<OwnerClaims, 'names' | 'place'>;
  readonly running: boolean;
}

export interface DoubtQuestion {
  readonly instanceId: string;
  readonly owner: BotOwner;
  /** The only host that may hold it, where a mapping of ours says so. */
  readonly dockerHost: string | undefined;
  /** Containers that the pool state names for it. */
  readonly poolContainers: readonly string[];
}

// The mark stands on the bot itself: a set of its own would hold every id twice.
interface KnownBot extends FoundBot {
  isClaimed: boolean;
}

interface HiddenPool extends Pick<UnknownPool, 'containerName' | 'reason'> {
  readonly host: string;
  readonly owners: readonly string[];
}

export type DockerView = ReturnType<typeof createDockerView>;

/** @param hosts every configured host: one that was never added is in doubt.
 * @param gone hosts that are not configured, and of which an administrator has decided that they are gone: a bot that a
 * mapping places there may be on any other. */
export function createDockerView(hosts: readonly string[], gone: ReadonlySet<string> = new Set()) {
  const found = new Map<string, KnownBot | readonly KnownBot[]>();
  const hiddenHosts = new Map(hosts.map((host) => [host, `docker host "${host}" was not asked`]));
  const hiddenPools: HiddenPool[] = [];
  const renamed: (BotDoubt & { readonly host: string })[] = [];
  // Listings repeat the names of hosts, pools and owners in every bot: one text each is enough.
  const texts = new Map<string, string>();
  const one = (text: string) => texts.get(text) ?? texts.set(text, text).get(text) ?? text;
  const claims = new Map<string, FoundBot['claims']>();
  const oneOf = ({ names, place }: FoundBot['claims']) => {
    const key = JSON.stringify([names, place]);
    const known = claims.get(key) ?? { names, place };
    claims.set(key, known);
    return known;
  };

  function put(instanceId: string, bot: KnownBot): void {
    const known = found.get(instanceId);
    found.set(instanceId, known === undefined ? bot : [...asList(known), bot]);
  }

  return {
    /** Takes one host's answer in; `pools` helps to tell whose a container is, null where it is unknown. */
    add: (
      { host, answer, unknownPools, doubts = [] }: HostListing,
      pools: PoolState | null,
    ): void => {
      if (answer.status === 'unknown') {
        hiddenHosts.set(host, answer.reason);
        return;
      }
      hiddenHosts.delete(host);
      renamed.push(...doubts.map((doubt) => ({ ...doubt, host })));
      for (const { containerName, labels, reason } of unknownPools) {
        const owners =
          labels.userId === undefined
            ? ownersOfPool({ containerName, labels }, pools)
            : [labels.userId];
        hiddenPools.push({ host, containerName, owners, reason });
      }
      for (const { instanceId, observedBot } of answer.items) {
        const id = parseInstanceId(instanceId);
        if (id === undefined || isNamedOtherwise(observedBot, id)) continue;
        const { kind, containerName, labels } = observedBot;
        const isPooled = kind === 'pooled';
        put(id, {
          kind,
          host: one(host),
          containerName: isPooled ? one(containerName) : containerName,
          poolId: isPooled ? poolIdOf(labels.poolId, one) : null,
          claims: oneOf(claimsOn(observedBot, id, pools)),
          running: !isAtRest(observedBot),
          isClaimed: false,
        });
      }
    },
    /** The host answered, but its answer cannot be believed. */
    distrust: (host: string, reason: string): void => {
      hiddenHosts.set(host, reason);
    },
    find: (instanceId: string): readonly FoundBot[] => asList(found.get(instanceId) ?? []),
    all: function* (): Iterable<readonly [instanceId: string, found: readonly FoundBot[]]> {
      for (const [instanceId, bots] of found) yield [instanceId, asList(bots)] as const;
    },
    /** Some wallet pays for the bot of this id. */
    claim: (instanceId: string): void => {
      for (const bot of asList(found.get(instanceId) ?? [])) bot.isClaimed = true;
    },
    /** What no user has claimed. */
    unclaimed: function* (): Iterable<readonly [instanceId: string, found: readonly FoundBot[]]> {
      for (const [instanceId, bots] of found) {
        const list = asList(bots);
        if (!list.some(({ isClaimed }) => isClaimed)) yield [instanceId, list] as const;
      }
    },
    /** Why "not found" would not mean "not there" for this bot; null where it would. */
    doubt: ({ instanceId, owner, poolContainers, ...place }: DoubtQuestion): string | null => {
      const isPlaced = place.dockerHost !== undefined && !gone.has(place.dockerHost);
      const dockerHost = isPlaced ? place.dockerHost : undefined;
      if (dockerHost !== undefined && !hosts.includes(dockerHost)) {
        return `docker host "${dockerHost}" is not configured`;
      }
      const mayHold = (host: string) => dockerHost === undefined || host === dockerHost;
      for (const [host, reason] of hiddenHosts) if (mayHold(host)) return reason;
      const hiding = hiddenPools.find(
        (pool) =>
          mayHold(pool.host) &&
          (pool.owners.length === 0 ||
            pool.owners.some((name) => isOwner(owner, name)) ||
            poolContainers.includes(pool.containerName)),
      );
      if (hiding !== undefined) return `pool ${hiding.containerName}: ${hiding.reason}`;
      // What was seen once may stand wherever it was seen.
      return renamed.find(({ mayBe }) => mayBe(instanceId))?.reason ?? null;
    },
    /** Why hosts and pools could not be asked. */
    doubts: (): readonly string[] => [
      ...hiddenHosts.values(),
      ...hiddenPools.map(({ containerName, reason }) => `pool ${containerName}: ${reason}`),
    ],
  };
}

function asList<T extends object>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? value : [value as T];
}

// A container whose label names another bot is that other bot.
function isNamedOtherwise({ labels }: ObservedBot, instanceId: string): boolean {
  return labels.instanceId !== undefined && labels.instanceId !== instanceId;
}

function poolIdOf(poolId: string | undefined, one: (text: string) => string): string | null {
  return poolId === undefined ? null : one(poolId);
}
