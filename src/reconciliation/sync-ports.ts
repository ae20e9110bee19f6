// What the synchronisations work with.

import type { Sagas } from '@reclaim/saga';
import type { Accounts } from '../deletion/ports/accounts.ts';
import type { Findings } from '../deletion/ports/findings.ts';
import type { Tombstones } from '../deletion/ports/tombstones.ts';
import type { HostTrust } from './host-trust.ts';
import type { LookPorts } from './look-at-bot.ts';
import type { Holdings } from './ports/holdings.ts';
import type { HostRecords } from './ports/host-records.ts';
import type { OrphanSamples } from './ports/orphan-samples.ts';
import type { RunDrifts } from './ports/run-drifts.ts';
import type { Suspects } from './ports/suspects.ts';
import type { SyncMeter } from './ports/sync-meter.ts';

export interface SyncPorts extends LookPorts {
  readonly hostTrust: HostTrust;
  readonly accounts: Accounts;
  readonly tombstones: Tombstones;
  readonly findings: Findings;
  readonly hostRecords: HostRecords;
  readonly suspects: Suspects;
  readonly samples: OrphanSamples;
  readonly meter: SyncMeter;
  /** The engine, for the sagas that a run starts and waits for. */
  readonly sagas: Pick<Sagas, 'start' | 'find' | 'findByKey' | 'findHolders'>;
  readonly settings: SyncSettings;
}

/** What a run over all users needs beside them. */
export interface SyncAllPorts extends SyncPorts {
  readonly holdings: Holdings;
  readonly runDrifts: RunDrifts;
}

export interface SyncSettings {
  /** SYNC_CONFIRM_SECONDS: between the two looks of one run. */
  readonly confirmMs: number;
  /** SYNC_YOUNG_SECONDS: an allocation younger than this is looked at again only when it is that old. */
  readonly youngMs: number;
  /** SYNC_MAX_REFUNDS: a guard of the runs over all users. */
  readonly maxRefunds: number;
}

/** Retries of a run's steps: what they ask answers with a value where a source is away, so what fails here is
 * the database, or this program. */
export const SYNC_RETRY = { attempts: 20, baseMs: 200, capMs: 10_000 } as const;
