// One look at the pool state and at all hosts, for one user or for all: the snapshot that drift is detected in.
// I4: a host that answers "nothing" is believed only where nothing was to be expected there.

import type { Bots, BotsCall, HostListing } from '../bots/bots.ts';
import { type HostContents, MAX_REMEMBERED } from '../bots/hosts/host-records.ts';
import type { HostTrust } from '../bots/hosts/host-trust.ts';
import { placedOn } from '../bots/hosts/placed-bots.ts';
import type { PoolState } from '../pool-state/pool-state.ts';
import type { PoolStates } from '../pool-state/pool-states.ts';
import type { SourcesView } from './detect-drift.ts';
import { createDockerView, type DockerView } from './docker-view.ts';

export interface SourcesPorts {
  readonly bots: Pick<Bots, 'hosts' | 'list'>;
  readonly poolStates: Pick<PoolStates, 'read'>;
  readonly hostTrust: HostTrust;
}

export interface ObservedSources extends SourcesView {
  /** What each host that answered with bots holds, for its record. */
  readonly contents: ReadonlyMap<string, HostContents>;
}

/** Hosts asked at the same time for all users: a run holds no more listings than this at once. One user's are small. */
const WIDTH = 2;

/** @param owner a firebaseUid, or null for everybody. */
export async function observeSources(
  { bots, poolStates, hostTrust }: SourcesPorts,
  owner: string | null,
  call: BotsCall,
): Promise<ObservedSources> {
  const pools = await poolStates.read(call);
  const state = pools.status === 'ok' ? pools.items : null;
  const hosts = bots.hosts();
  const docker = createDockerView(hosts);
  const contents = new Map<string, HostContents>();
  const waiting = [...hosts];
  async function next(): Promise<void> {
    for (let host = waiting.pop(); host !== undefined; host = waiting.pop()) {
      const listing = await bots.list(host, owner, call);
      docker.add(listing, state);
      const held = contentsOf(listing);
      if (held !== null) contents.set(host, held);
    }
  }
  const width = owner === null ? WIDTH : hosts.length;
  await Promise.all(Array.from({ length: width }, next));
  const silent = hosts.filter((host) => !contents.has(host));
  await distrustSilent({ docker, hostTrust, state, hosts, silent }, call);
  return { pools, docker, contents };
}

// Null: the host did not answer, or lists no bot of these.
function contentsOf({ answer, unknownPools }: HostListing): HostContents | null {
  if (answer.status === 'unknown') return null;
  const count = answer.items.length;
  if (count === 0 && unknownPools.length === 0) return null;
  const instanceIds = answer.items.slice(0, MAX_REMEMBERED).map(({ instanceId }) => instanceId);
  return { instanceIds, count, isPartial: unknownPools.length > 0 };
}

interface SilentHosts {
  readonly docker: DockerView;
  readonly hostTrust: HostTrust;
  readonly state: PoolState | null;
  readonly hosts: readonly string[];
  readonly silent: readonly string[];
}

async function distrustSilent(
  { docker, hostTrust, state, hosts, silent }: SilentHosts,
  call: BotsCall,
): Promise<void> {
  await Promise.all(
    silent.map(async (host) => {
      const isNowhereElse = silent.length === hosts.length;
      const placedByFile = placedOn(state, host, isNowhereElse);
      const judgement = await hostTrust.judge(host, { placedByFile }, call);
      if (judgement !== 'trusted') docker.distrust(host, judgement.unknown);
    }),
  );
}
