// The first start beside a platform that exists pays nothing by itself: what an installation believes of pools and
// Docker may be wrong in a way that only a person who knows the platform can notice (I4). Until an administrator has
// confirmed the first report, the runs that no person requested only observe, by the clock, after a start and when a
// page is opened. What a person asks for is done.

import type { SagaRecord } from '@reclaim/saga';
import { toUserId } from '../domain/ids.ts';
import type { Finding, Findings } from '../findings/findings.ts';
import { PASSIVE, type SyncAllInput } from './sync-all-input.ts';

export interface FirstReportOptions {
  readonly findings: Pick<Findings, 'report' | 'listOpen'>;
  /** Whether allocations stood in the database before this program's first start. */
  readonly isBesidePlatform: boolean;
  /** What begins a run; its id is the report's. */
  readonly startSyncAll: (
    input: SyncAllInput,
    requestedBy: string,
  ) => Promise<Pick<SagaRecord, 'id'>>;
}

export type FirstReport = ReturnType<typeof createFirstReport>;

export function createFirstReport(options: FirstReportOptions) {
  const { findings, startSyncAll } = options;
  let isConfirmed = !options.isBesidePlatform;
  const isOpen = async () => (await findings.listOpen({ kind: KIND, limit: 1 })).length > 0;
  const ask = async () => {
    if (isConfirmed || (await isOpen())) return isConfirmed;
    // Never reported, or reported and confirmed: a finding that was acknowledged stays so when it is reported again.
    await findings.report(unconfirmed(null));
    isConfirmed = !(await isOpen());
    return isConfirmed;
  };
  return {
    /** True for good from then on, and from the beginning where no platform was. @throws when it cannot be read. */
    isConfirmed: ask,
    /** A run over all users that no person requested: one that only observes, as long as nothing is confirmed. */
    startPassive: async (requestedBy: string): Promise<void> => {
      if (await ask()) {
        await startSyncAll(PASSIVE, requestedBy);
        return;
      }
      const { id } = await startSyncAll({ ...PASSIVE, dryRun: true }, requestedBy);
      await findings.report(unconfirmed(id));
    },
  };
}

const KIND = 'unconfirmed-start';
/** It is about all users. */
const NO_USERS = toUserId('000000000000000000000000');

function unconfirmed(report: string | null): Finding {
  const evidence = { report: report ?? 'the first run over all users has not begun' };
  return { kind: KIND, userId: NO_USERS, instanceId: null, discriminator: 'first', evidence };
}
