// The one judging of hosts, for a bot and for all of them, for a page and before money moves: which hosts' "nothing" is not
// believed (host-trust.ts), measured by the places that the pool state gives.

import type { PoolState } from '../../pool-state/pool-state.ts';
import type { Bots, BotsCall } from '../bots.ts';
import type { HostTrust, PlacedBots } from './host-trust.ts';
import { isNowhere, placedOn } from './placed-bots.ts';

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
