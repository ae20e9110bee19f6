// The rows of a user whose history is read before an audit has taken them in: a page of the history must not wait for
// one, and users whom this program never wrote on are visited by none. History is posted, as an audit posts it; rows
// since our first write are given to the caller, and it is left to the audit to sum and to judge them (I11).

import { RetryableError } from '@reclaim/saga';
import type { UserId } from '../../domain/ids.ts';
import { type AuditPassPorts, BEFORE_ALL, runAuditPass } from './audit-pass.ts';
import type { AuditCheckpoints } from './mongodb/audit-checkpoints.ts';
import type { PlatformPosting } from './mongodb/audit-ledger.ts';
import { chainPostings, historyPostings } from './postings.ts';

/** @returns what is not in the ledger afterwards, and will be posted by the next audit.
 * @throws RetryableError `HISTORY_LONG`: what was taken in stays, and the next call continues from there. */
export type TakeIn = (
  userId: UserId,
  options: { readonly signal: AbortSignal },
) => Promise<readonly PlatformPosting[]>;

export interface TakeInPorts extends AuditPassPorts {
  readonly checkpoints: Pick<AuditCheckpoints, 'find' | 'advance'>;
}

/** A slice of history each; a document has no room for more than fifty. Those beyond were lost to audits. */
const MAX_ROUNDS = 100;

export function createTakeIn({ readings, ledger, checkpoints }: TakeInPorts): TakeIn {
  return async (userId, { signal }) => {
    for (let round = 0; round < MAX_ROUNDS && !signal.aborted; round += 1) {
      const checkpoint = await checkpoints.find(userId);
      const from = checkpoint ?? BEFORE_ALL;
      const observed = await runAuditPass({ readings, ledger }, userId, checkpoint);
      if (observed.status === 'chained') return chainPostings(from, observed);
      if (observed.status !== 'history') return [];
      await ledger.post(historyPostings(from, observed));
      await checkpoints.advance(userId, checkpoint?.revision ?? 0, observed.next);
    }
    throw new RetryableError('HISTORY_LONG', `the history of user ${userId} is still taken in`);
  };
}
