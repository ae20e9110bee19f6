// The rule of host-trust.ts for whoever looks for one bot: every host that may hold it is judged.

import type { Bots } from '../bots.ts';
import type { HostBelief } from '../host-belief.ts';
import type { HostRecords } from './host-records.ts';
import type { HostTrust } from './host-trust.ts';
import { isNowhere, placedOn } from './placed-bots.ts';

export interface HostBeliefPorts {
  readonly bots: Pick<Bots, 'hosts' | 'hasManaged'>;
  readonly hostTrust: HostTrust;
  readonly hostRecords: Pick<HostRecords, 'noteShown'>;
}

export function createHostBelief({ bots, hostTrust, hostRecords }: HostBeliefPorts): HostBelief {
  // That a host has shown something once is all that a deletion adds to its record: one write a process and host.
  const noted = new Set<string>();
  return {
    doubts: async ({ dockerHost, pools, hadMoney, seenAt }, call) => {
      const hosts = bots.hosts().filter((host) => dockerHost === undefined || host === dockerHost);
      const seenThere =
        seenAt === undefined
          ? []
          : [{ instanceId: seenAt.instanceId, createdAt: seenAt.at.toISOString() }];
      const isNowhereElse = await isNowhere(bots, call);
      const judgements = await Promise.all(
        hosts.map((host) => {
          const placedByFile = placedOn(pools, host, isNowhereElse);
          return hostTrust.judge(host, { placedByFile, seenThere, hadMoney }, call);
        }),
      );
      return judgements.flatMap((judged) => (judged === 'trusted' ? [] : [judged.unknown]));
    },
    noteShown: async (hosts) => {
      for (const host of new Set(hosts)) {
        if (noted.has(host)) continue;
        await hostRecords.noteShown(host);
        noted.add(host);
      }
    },
  };
}
