// The one judging of hosts, for a bot and for all of them, for a page and before money moves: which hosts' "nothing" is not
// believed (host-trust.ts), measured by the places that the pool state gives.

import type { PoolState } from '../../pool-state/pool-state.ts';
import { fieldOf, UNREADABLE } from '../../pool-state/unreadable-rows.ts';
import type { Bots, BotsCall } from '../bots.ts';
import type { HostTrust, PlacedBot, PlacedBots } from './host-trust.ts';

export interface JudgePorts {
  readonly bots: Pick<Bots, 'hosts' | 'hasManaged'>;
  readonly hostTrust: HostTrust;
}

export interface HostQuestion extends Omit<PlacedBots, 'placedByFile'> {
  readonly hosts: readonly string[];
  /** Null: it is unknown, and places nothing. */
  readonly pools: PoolState | null;
  /** Whether no host holds any bot, of any user; missing: the hosts are asked. */
  readonly isNowhere?: boolean;
}

export interface HostDoubt {
  readonly host: string;
  readonly reason: string;
}

/** @returns the hosts among those asked about whose "nothing" proves nothing, each with its reason.
 * @throws UnavailableError when our own memory cannot be asked. */
export async function judgeHosts(
  { bots, hostTrust }: JudgePorts,
  { hosts, pools, isNowhere: known, ...evidence }: HostQuestion,
  call: BotsCall,
): Promise<readonly HostDoubt[]> {
  if (hosts.length === 0) return [];
  const isNowhereElse = known ?? (await isNowhere(bots, call));
  const doubts = await Promise.all(
    hosts.map(async (host): Promise<readonly HostDoubt[]> => {
      const placedByFile = placedOn(pools, host, isNowhereElse);
      const judged = await hostTrust.judge(host, { ...evidence, placedByFile }, call);
      return judged === 'trusted' ? [] : [{ host, reason: judged.unknown }];
    }),
  );
  return doubts.flat();
}

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
    owners: namesIn(fieldOf(row, 'userId')),
    dockerHost: fieldOf(row, 'dockerHost'),
    createdAt: String(fieldOf(row, 'createdAt')),
  }));
  const read = Object.entries(pools.botMapping).map(([instanceId, mapping]) => {
    const { dockerHost, createdAt, userId } = mapping;
    return { instanceId, owners: namesIn(userId), dockerHost, createdAt };
  });
  return [...read, ...hidden].flatMap(({ dockerHost, ...placed }) => {
    const isHere = dockerHost === undefined ? isNowhereElse : dockerHost === host;
    return isHere ? [placed] : [];
  });
}

function namesIn(userId: unknown): readonly string[] {
  return typeof userId === 'string' ? [userId] : [];
}

/** With one host there is no elsewhere; with more, a bot that the file places nowhere in particular is missed
 * only where none of them holds anything. */
async function isNowhere(
  bots: Pick<Bots, 'hosts' | 'hasManaged'>,
  call: BotsCall,
): Promise<boolean> {
  const hosts = bots.hosts();
  if (hosts.length === 1) return true;
  const answers = await Promise.all(hosts.map((host) => bots.hasManaged(host, call)));
  return !answers.some((answer) => answer.status === 'ok' && answer.items);
}
