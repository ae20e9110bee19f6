// The wiring of what is remembered of Docker hosts, and of whether they are believed.

import type { Connection } from 'mongoose';
import { createMongoHostRecords } from './adapters/mongo/host-records.ts';
import type { Accounts } from './deletion/ports/accounts.ts';
import type { Bots } from './deletion/ports/bots.ts';
import type { HostBelief } from './deletion/ports/host-belief.ts';
import type { Tombstones } from './deletion/ports/tombstones.ts';
import { createHostBelief } from './reconciliation/host-belief.ts';
import { createHostTrust, type HostTrust } from './reconciliation/host-trust.ts';
import type { HostRecords } from './reconciliation/ports/host-records.ts';

export interface HostParts {
  readonly hostRecords: HostRecords;
  readonly hostTrust: HostTrust;
  readonly hostBelief: HostBelief;
}

export interface HostPartsOptions {
  readonly connection: Connection;
  readonly bots: Pick<Bots, 'hosts' | 'hasManaged'>;
  readonly tombstones: Tombstones;
  readonly accounts: Pick<Accounts, 'hasAllocations'>;
  /** Whether every bot of the hosts was made by this installation, as in the demo: a simulator that stands in for a Docker
   * that did not answer is none of these. */
  readonly isOwnWorld: boolean;
}

export function createHosts(options: HostPartsOptions): HostParts {
  const hostRecords = createMongoHostRecords({ connection: options.connection });
  const hostTrust = createHostTrust({ ...options, hostRecords });
  return {
    hostRecords,
    hostTrust,
    hostBelief: createHostBelief({ ...options, hostTrust, hostRecords }),
  };
}
