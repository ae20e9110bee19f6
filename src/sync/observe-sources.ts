// One observation of the pool state and of all hosts, for one user or for all: the snapshot that drift is detected in.
// I4: a host that answers "nothing" is believed only where nothing was to be expected there.

import type { Bots, BotsCall, HostListing, ListedBot } from '../bots/bots.ts';
import type { HostTrust } from '../bots/hosts/host-trust.ts';
import { judgeHosts } from '../bots/hosts/judge-hosts.ts';
import {
  type BotOnHost,
  type HostContents,
  MAX_REMEMBERED,
} from '../bots/hosts/mongo-host-records.ts';
import { parseInstanceId } from '../domain/ids.ts';
import { mapBounded } from '../domain/map-bounded.ts';
import { claimsOn } from '../pool-state/ownership.ts';
import type { PoolState } from '../pool-state/pool-state.ts';
import type { PoolStates } from '../pool-state/pool-states.ts';
import type { SourcesView } from './detect-drift.ts';
import { createDockerView } from './docker-view.ts';

export interface SourcesPorts {
  readonly bots: Pick<Bots, 'hosts' | 'list' | 'hasManaged'>;
  readonly poolStates: Pick<PoolStates, 'read'>;
  readonly hostTrust: HostTrust;
}

export interface ObservedSources extends SourcesView {
  /** What each host that answered with bots holds, for its record. */
  readonly contents: ReadonlyMap<string, HostContents>;
}

/** Hosts asked at the same time for all users: a run holds no more listings than this at once. One user's are small. */
const WIDTH = 2;

/** @param owner a firebaseUid, or null for all users. */
export async function observeSources(
  { bots, poolStates, hostTrust }: SourcesPorts,
  owner: string | null,
  call: BotsCall,
): Promise<ObservedSources> {
  const pools = await poolStates.read(call);
  const state = pools.status === 'ok' ? pools.items : null;
  const hosts = bots.hosts();
  const unlisted = unlistedIn(state, hosts);
  const gone = unlisted.length === 0 ? undefined : await hostTrust.findGone(unlisted);
  const docker = createDockerView(hosts, gone);
  const contents = new Map<string, HostContents>();
  await mapBounded(hosts, owner === null ? WIDTH : hosts.length, async (host) => {
    const askedAtMs = performance.now();
    const listing = await bots.list(host, owner, call);
    docker.add(listing, state);
    const held = contentsOf(listing, state);
    if (held !== null) contents.set(host, { ...held, askedAtMs });
  });
  const silent = hosts.filter((host) => !contents.has(host));
  // A host that lists none of this user's bots may hold another's: then the bots are not nowhere, and it is asked.
  const holds = silent.length < hosts.length ? { isNowhere: false } : {};
  const question = { hosts: silent, pools: state, ...holds };
  for (const { host, reason } of await judgeHosts({ bots, hostTrust }, question, call)) {
    docker.distrust(host, reason);
  }
  return { pools, docker, contents };
}

// Hosts that mappings name and that are not configured: none, unless one was taken out.
function unlistedIn(pools: PoolState | null, hosts: readonly string[]): readonly string[] {
  const unlisted = new Set<string>();
  for (const { dockerHost } of Object.values(pools?.botMapping ?? {})) {
    if (dockerHost !== undefined && !hosts.includes(dockerHost)) unlisted.add(dockerHost);
  }
  return [...unlisted];
}

// Null: the host did not answer, or lists no bot of these.
function contentsOf(
  { answer, unknownPools }: HostListing,
  pools: PoolState | null,
): HostContents | null {
  if (answer.status === 'unknown') return null;
  const count = answer.items.length;
  if (count === 0 && unknownPools.length === 0) return null;
  const bots = answer.items.slice(0, MAX_REMEMBERED).map((listed) => listedIn(listed, pools));
  return { bots, count, isPartial: unknownPools.length > 0 };
}

function listedIn({ instanceId, observedBot }: ListedBot, pools: PoolState | null): BotOnHost {
  const id = parseInstanceId(instanceId);
  const owners = id === undefined ? [] : claimsOn(observedBot, id, pools).names;
  return { instanceId, owners };
}
