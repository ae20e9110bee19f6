// What the synchronisations work with.

import type { Sagas } from '@reclaim/saga';
import type { HostTrust } from '../bots/hosts/host-trust.ts';
import type { HostRecords } from '../bots/hosts/mongo-host-records.ts';
import type { Findings } from '../findings/findings.ts';
import type { Tombstones } from '../tombstones/tombstones.ts';
import type { Accounts } from '../wallet/mongodb/accounts.ts';
import type { Holdings } from './mongodb/holdings.ts';
import type { OrphanSamples } from './mongodb/orphan-samples.ts';
import type { RunDrifts } from './mongodb/run-drifts.ts';
import type { Suspects } from './mongodb/suspects.ts';
import type { ObserveBotPorts } from './observe-bot.ts';
import type { SyncMeter } from './sync-metrics.ts';

export interface SyncPorts extends ObserveBotPorts {
  readonly hostTrust: HostTrust;
  readonly accounts: Accounts;
  readonly tombstones: Tombstones;
  readonly findings: Findings;
  readonly hostRecords: HostRecords;
  readonly suspects: Suspects;
  readonly samples: OrphanSamples;
  readonly meter: SyncMeter;
  /** The engine, for the sagas that a run starts and waits for. */
  readonly sagas: Pick<Sagas, 'start' | 'childId' | 'find' | 'findHolders'>;
  readonly settings: SyncSettings;
}

/** What a run over all users needs beside them. */
export interface SyncAllPorts extends SyncPorts {
  readonly holdings: Holdings;
  readonly runDrifts: RunDrifts;
}

export interface SyncSettings {
  /** SYNC_CONFIRM_SECONDS: between the two observations of one run. */
  readonly confirmMs: number;
  /** SYNC_YOUNG_SECONDS: an allocation younger than this is observed again only when it is that old. */
  readonly youngMs: number;
  /** SYNC_MAX_REFUNDS: a guard of the runs over all users. */
  readonly maxRefunds: number;
}

/** Retries of a run's steps: what they ask answers with a value where a source is away, so what fails here is
 * the database, or this program. */
export const SYNC_RETRY = { attempts: 20, baseMs: 200, capMs: 10_000 } as const;
