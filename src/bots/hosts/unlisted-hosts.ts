// The hosts that DOCKER_HOSTS does not name any more and that something is remembered of. They cannot be asked, so that no
// evidence can ever end what is unknown of them; a person can, by saying that such a host is gone for good. I4: that is
// a decision and no evidence. It is kept as one, with who made it and why, nothing that was observed is erased by it,
// and it ends as soon as the host is named again.

import type { PoolStates } from '../../pool-state/pool-states.ts';
import type { KnownContainers } from '../mongo-known-containers.ts';
import { placedOn } from './judge-hosts.ts';
import type { GoneDecision, HostRecords } from './mongo-host-records.ts';

export interface UnlistedHost {
  readonly name: string;
  /** Null: nobody has decided anything; its bots are unknown. */
  readonly gone: GoneDecision | null;
}

export interface UnlistedHostsPorts {
  /** Those of DOCKER_HOSTS, whether or not a runtime asks them now. */
  readonly listed: readonly string[];
  readonly hostRecords: Pick<HostRecords, 'find' | 'findGone'>;
  readonly knownContainers: Pick<KnownContainers, 'hosts'>;
  readonly poolStates: Pick<PoolStates, 'read'>;
}

export type UnlistedHosts = ReturnType<typeof createUnlistedHosts>;

export function createUnlistedHosts(ports: UnlistedHostsPorts) {
  const { listed, hostRecords, knownContainers } = ports;
  return {
    isListed: (host: string): boolean => listed.includes(host),

    /** Those whose containers are remembered, and those that were decided on. */
    find: async (): Promise<readonly UnlistedHost[]> => {
      const [known, gone] = await Promise.all([knownContainers.hosts(), hostRecords.findGone()]);
      return [...new Set([...known, ...gone.keys()])]
        .filter((name) => !listed.includes(name))
        .toSorted()
        .map((name) => ({ name, gone: gone.get(name) ?? null }));
    },

    /** Whether anything at all is remembered of it: a name that was mistyped is no host that is gone. */
    isRemembered: async (host: string, signal: AbortSignal): Promise<boolean> => {
      if ((await hostRecords.find([host])).has(host)) return true;
      if ((await knownContainers.hosts()).includes(host)) return true;
      const pools = await ports.poolStates.read({ signal });
      return pools.status === 'ok' && placedOn(pools.items, host, false).length > 0;
    },
  };
}
