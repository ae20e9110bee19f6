// What Docker says of all bots at one moment, put together from the listings of its hosts: where each bot was
// found, and why somewhere could not be looked. I4: "not found" is a "no" only where nothing that could hold
// the bot is in doubt. Kept small, because a run over all users holds one entry for every bot there is.

import type { HostListing, UnknownPool } from '../deletion/ports/bots.ts';
import { isAtRest, type Sighting } from '../domain/bot.ts';
import { type BotOwner, isOwner, ownerName, ownerOfPool } from '../domain/identity.ts';
import { parseInstanceId } from '../domain/ids.ts';
import type { PoolState } from '../domain/pool-state.ts';

export interface DockerView {
  /** Takes one host's answer in; `pools` helps to tell whose a container is, null where it is unknown. */
  add(listing: HostListing, pools: PoolState | null): void;
  /** The host answered, but its answer cannot be believed. */
  distrust(host: string, reason: string): void;
  find(instanceId: string): readonly FoundBot[];
  all(): Iterable<readonly [instanceId: string, found: readonly FoundBot[]]>;
  /** Why "not found" would not mean "not there" for this bot; null where it would. */
  doubt(question: DoubtQuestion): string | null;
  /** Why hosts and pools could not be asked. */
  doubts(): readonly string[];
}

export interface FoundBot {
  readonly kind: 'dedicated' | 'pooled';
  readonly host: string;
  readonly containerName: string;
  readonly poolId: string | null;
  /** A user's `_id` or firebaseUid by label, mapping or pool; null where none of them says. */
  readonly owner: string | null;
  readonly running: boolean;
}

export interface DoubtQuestion {
  readonly owner: BotOwner;
  /** The only host that may hold it, where a mapping of ours says so. */
  readonly dockerHost: string | undefined;
  /** Containers that the pool state names for it. */
  readonly poolContainers: readonly string[];
}

interface HiddenPool extends Pick<UnknownPool, 'containerName' | 'reason'> {
  readonly host: string;
  readonly owner: string | null;
}

/** @param hosts every configured host: one that was never added is in doubt. */
export function createDockerView(hosts: readonly string[]): DockerView {
  const found = new Map<string, FoundBot | readonly FoundBot[]>();
  const hiddenHosts = new Map(hosts.map((host) => [host, `docker host "${host}" was not asked`]));
  const hiddenPools: HiddenPool[] = [];
  // Pools repeat their names thousands of times: one text each is enough.
  const texts = new Map<string, string>();
  const one = (text: string) => texts.get(text) ?? texts.set(text, text).get(text) ?? text;

  function put(instanceId: string, bot: FoundBot): void {
    const known = found.get(instanceId);
    found.set(instanceId, known === undefined ? bot : [...asList(known), bot]);
  }

  return {
    add: ({ host, answer, unknownPools }, pools) => {
      if (answer.status === 'unknown') {
        hiddenHosts.set(host, answer.reason);
        return;
      }
      hiddenHosts.delete(host);
      for (const { containerName, labels, reason } of unknownPools) {
        const owner = labels.userId ?? ownerOfPool({ containerName, labels }, pools) ?? null;
        hiddenPools.push({ host, containerName, owner, reason });
      }
      for (const { instanceId, sighting } of answer.items) {
        const id = parseInstanceId(instanceId);
        if (id === undefined || isNamedOtherwise(sighting, id)) continue;
        const { kind, containerName, labels } = sighting;
        const isPooled = kind === 'pooled';
        put(id, {
          kind,
          host: one(host),
          containerName: isPooled ? one(containerName) : containerName,
          poolId: isPooled ? poolIdOf(labels.poolId, one) : null,
          owner: ownerName(sighting, id, pools) ?? null,
          running: !isAtRest(sighting),
        });
      }
    },
    distrust: (host, reason) => hiddenHosts.set(host, reason),
    find: (instanceId) => asList(found.get(instanceId) ?? []),
    all: function* () {
      for (const [instanceId, bots] of found) yield [instanceId, asList(bots)] as const;
    },
    doubt: ({ owner, dockerHost, poolContainers }) => {
      if (dockerHost !== undefined && !hosts.includes(dockerHost)) {
        return `docker host "${dockerHost}" is not configured`;
      }
      const mayHold = (host: string) => dockerHost === undefined || host === dockerHost;
      for (const [host, reason] of hiddenHosts) if (mayHold(host)) return reason;
      const hiding = hiddenPools.find(
        (pool) =>
          mayHold(pool.host) &&
          (pool.owner === null ||
            isOwner(owner, pool.owner) ||
            poolContainers.includes(pool.containerName)),
      );
      return hiding === undefined ? null : `pool ${hiding.containerName}: ${hiding.reason}`;
    },
    doubts: () => [
      ...hiddenHosts.values(),
      ...hiddenPools.map(({ containerName, reason }) => `pool ${containerName}: ${reason}`),
    ],
  };
}

function asList<T extends object>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? value : [value as T];
}

// A container whose label names another bot is that other bot.
function isNamedOtherwise({ labels }: Sighting, instanceId: string): boolean {
  return labels.instanceId !== undefined && labels.instanceId !== instanceId;
}

function poolIdOf(poolId: string | undefined, one: (text: string) => string): string | null {
  return poolId === undefined ? null : one(poolId);
}
