// Whether hosts are believed that show nothing of one bot: every host that may hold it is judged.

import type { Bots } from '../bots.ts';
import type { HostExpectations } from '../host-expectations.ts';
import type { HostTrust } from './host-trust.ts';
import { judgeHosts } from './judge-hosts.ts';
import type { HostRecords } from './mongo-host-records.ts';

export interface HostExpectationPorts {
  readonly bots: Pick<Bots, 'hosts' | 'hasManaged'>;
  readonly hostTrust: HostTrust;
  readonly hostRecords: Pick<HostRecords, 'noteShown'>;
}

export function createHostExpectations({
  bots,
  hostTrust,
  hostRecords,
}: HostExpectationPorts): HostExpectations {
  // That a host has shown something once is all that a deletion adds to its record: one write a process and host.
  const noted = new Set<string>();
  return {
    doubts: async ({ dockerHost, pools, hadMoney, observedAt }, call) => {
      const hosts = bots.hosts().filter((host) => dockerHost === undefined || host === dockerHost);
      const observedThere =
        observedAt === undefined
          ? []
          : [{ instanceId: observedAt.instanceId, createdAt: observedAt.at.toISOString() }];
      const question = { hosts, pools, observedThere, hadMoney };
      return (await judgeHosts({ bots, hostTrust }, question, call)).map(({ reason }) => reason);
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
