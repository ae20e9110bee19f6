// Where the pool state places bots, host by host: what a host that shows nothing is measured by (I4).

import type { PoolState } from '../../pool-state/pool-state.ts';
import { fieldOf, UNREADABLE } from '../../pool-state/unreadable-rows.ts';
import type { Bots, BotsCall } from '../bots.ts';
import type { PlacedBot } from './host-trust.ts';

/** The bots that the pool state places on a host. One that names no host of ours is somewhere: where other hosts
 * hold bots it may be there, where none does it is missed on each.
 * @param pools null: it is unknown.
 * @param isNowhereElse whether no other host holds any bot. */
export function placedOn(
  pools: PoolState | null,
  host: string,
  isNowhereElse: boolean,
): readonly PlacedBot[] {
  if (pools === null) return [];
  const hidden = Object.entries(pools[UNREADABLE]?.botMapping ?? {}).map(([instanceId, row]) => ({
    instanceId,
    dockerHost: fieldOf(row, 'dockerHost'),
    createdAt: String(fieldOf(row, 'createdAt')),
  }));
  const read = Object.entries(pools.botMapping).map(([instanceId, mapping]) => {
    const { dockerHost, createdAt } = mapping;
    return { instanceId, dockerHost, createdAt };
  });
  return [...read, ...hidden].flatMap(({ instanceId, dockerHost, createdAt }) => {
    const isHere = dockerHost === undefined ? isNowhereElse : dockerHost === host;
    return isHere ? [{ instanceId, createdAt }] : [];
  });
}

/** With one host there is no elsewhere; with more, a bot that the file places nowhere in particular is missed
 * only where none of them holds anything. */
export async function isNowhere(
  bots: Pick<Bots, 'hosts' | 'hasManaged'>,
  call: BotsCall,
): Promise<boolean> {
  const hosts = bots.hosts();
  if (hosts.length === 1) return true;
  const answers = await Promise.all(hosts.map((host) => bots.hasManaged(host, call)));
  return !answers.some((answer) => answer.status === 'ok' && answer.items);
}
