// The wiring of what is remembered of Docker hosts, and of whether they are trusted.

import type { Connection } from 'mongoose';
import type { Bots } from '../../bots/bots.ts';
import type { HostExpectations } from '../../bots/host-expectations.ts';
import { createHostExpectations } from '../../bots/hosts/host-expectations.ts';
import type { HostRecords } from '../../bots/hosts/host-records.ts';
import { createHostTrust, type HostTrust } from '../../bots/hosts/host-trust.ts';
import { createMongoHostRecords } from '../../bots/hosts/mongo-host-records.ts';
import type { Tombstones } from '../../tombstones/tombstones.ts';
import type { Accounts } from '../../wallet/accounts.ts';

export interface HostServices {
  readonly hostRecords: HostRecords;
  readonly hostTrust: HostTrust;
  readonly hostExpectations: HostExpectations;
}

export interface HostServicesOptions {
  readonly connection: Connection;
  readonly bots: Pick<Bots, 'hosts' | 'hasManaged'>;
  readonly tombstones: Tombstones;
  readonly accounts: Pick<Accounts, 'hasAllocations'>;
  /** Whether every bot of the hosts was made by this installation, as in the demo: a simulator that stands in for a Docker
   * that did not answer is none of these. */
  readonly isOwnWorld: boolean;
}

export function createHosts(options: HostServicesOptions): HostServices {
  const hostRecords = createMongoHostRecords({ connection: options.connection });
  const hostTrust = createHostTrust({ ...options, hostRecords });
  return {
    hostRecords,
    hostTrust,
    hostExpectations: createHostExpectations({ ...options, hostTrust, hostRecords }),
  };
}
