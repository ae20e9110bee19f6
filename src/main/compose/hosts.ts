// The wiring of what is remembered of Docker hosts, and of whether they are trusted.

import type { Bots } from '../../bots/bots.ts';
import { createHostExpectations } from '../../bots/hosts/host-expectations.ts';
import { createHostTrust } from '../../bots/hosts/host-trust.ts';
import type { HostRecords } from '../../bots/hosts/mongo-host-records.ts';
import type { Tombstones } from '../../tombstones/tombstones.ts';
import type { Accounts } from '../../wallet/mongodb/accounts.ts';

export interface HostServicesOptions {
  readonly hostRecords: HostRecords;
  readonly bots: Pick<Bots, 'hosts' | 'hasManaged'>;
  readonly tombstones: Tombstones;
  readonly accounts: Pick<Accounts, 'hasAllocations'>;
  /** Whether every bot of the hosts was made by this installation, as in the demo: a simulator that stands in for a Docker
   * that did not answer is none of these. */
  readonly isOwnWorld: boolean;
}

export type HostServices = ReturnType<typeof createHosts>;

export function createHosts(options: HostServicesOptions) {
  const { hostRecords } = options;
  const hostTrust = createHostTrust({ ...options, hostRecords });
  return {
    hostRecords,
    hostTrust,
    hostExpectations: createHostExpectations({ ...options, hostTrust, hostRecords }),
  };
}
