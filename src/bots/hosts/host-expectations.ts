// Whether hosts that answered are believed when they show nothing of a bot: every host that may hold it is judged. I4: a
// daemon that is the wrong one, was set up anew or lost its disk answers exactly like one whose bots were all removed. One
// rule for every road to money and to an end: every search for one bot asks it.

import type { PoolState } from '../../pool-state/pool-state.ts';
import type { Bots, BotsCall } from '../bots.ts';
import type { HostTrust, PlacedBot } from './host-trust.ts';
import { judgeHosts } from './judge-hosts.ts';
import type { BotOnHost, HostRecords } from './mongo-host-records.ts';

export interface HostExpectationPorts {
  readonly bots: Pick<Bots, 'hosts' | 'hasManaged'>;
  readonly hostTrust: HostTrust;
  readonly hostRecords: Pick<HostRecords, 'noteShown'>;
}

export interface SoughtBot {
  /** The only host that may hold it, where a mapping of ours says so. */
  readonly dockerHost: string | undefined;
  /** Null: it is unknown. */
  readonly pools: PoolState | null;
  /** Whether this very bot is known to have had money, though no wallet may hold any now. */
  readonly hadMoney: boolean;
  /** Whose it is, and the moment at which a host held it for certain: it is missed there, whatever the pool state says. */
  readonly observedAt?: BotOnHost & { readonly at: Date };
}

export type HostExpectations = ReturnType<typeof createHostExpectations>;

export function createHostExpectations({ bots, hostTrust, hostRecords }: HostExpectationPorts) {
  // That a host has shown something once is all that a deletion adds to its record: one write a process and host.
  const noted = new Set<string>();
  return {
    /** Why a "nothing" of hosts that may hold the bot proves nothing; empty: it does. */
    doubts: async (
      { dockerHost, pools, hadMoney, observedAt }: SoughtBot,
      call: BotsCall,
    ): Promise<readonly string[]> => {
      const all = bots.hosts();
      // One that is not configured is gone by decision, or the search had no answer: then it may be on any; but what was
      // observed there is nowhere else.
      const isAnywhere =
        dockerHost === undefined || (observedAt === undefined && !all.includes(dockerHost));
      const hosts = isAnywhere ? all : all.filter((host) => host === dockerHost);
      const observedThere = observedAt === undefined ? [] : [placedAt(observedAt)];
      const question = { hosts, pools, observedThere, hadMoney };
      return (await judgeHosts({ bots, hostTrust }, question, call)).map(({ reason }) => reason);
    },
    /** These hosts have shown a bot: they are no strangers any more. */
    noteShown: async (hosts: readonly string[]): Promise<void> => {
      for (const host of new Set(hosts)) {
        if (noted.has(host)) continue;
        await hostRecords.noteShown(host);
        noted.add(host);
      }
    },
  };
}

function placedAt({ at, ...bot }: BotOnHost & { readonly at: Date }): PlacedBot {
  return { ...bot, createdAt: at.toISOString() };
}
