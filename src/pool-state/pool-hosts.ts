// The `host` of a mapping: where the platform reaches the bot. It is a setting of the platform's (`localhost`, the container's
// name, a name of its own), which no other source knows: what it wrote beside is taken, and nothing is made up.

import type { PoolState } from './pool-state.ts';

/** The host that every other mapping of the pool has, as a field of a mapping. Where they have none, or not the same one, the
 * field is left out: its older versions wrote none, and the platform resolves such a host by itself when it connects. */
export function hostOfPool({ botMapping }: PoolState, poolId: string): { readonly host?: string } {
  const hosts = new Set(
    Object.values(botMapping).flatMap((mapping) =>
      mapping.poolId === poolId && mapping.host !== undefined ? [mapping.host] : [],
    ),
  );
  const [host] = hosts;
  return host === undefined || hosts.size > 1 ? {} : { host };
}
