// When a user's embedded rows are trimmed: in a run of the audit over all users, right after the user's books
// were found in order, and never otherwise. What may go is the wallet's to decide (I2, I11).

import type { Wallets } from '../wallets.ts';
import type { UserAudit } from './audit-once.ts';
import type { AuditCheckpoints } from './mongodb/audit-checkpoints.ts';

export interface RowTrimDependencies {
  readonly wallets: Pick<Wallets, 'trimRows'>;
  readonly checkpoints: Pick<AuditCheckpoints, 'find'>;
  /** WALLET_TRANSACTIONS_KEPT; 0: nothing is ever trimmed. */
  readonly keep: number;
  readonly onTrimmed: (trimmed: { readonly userId: string; readonly rows: number }) => void;
}

export function createRowTrim({ wallets, checkpoints, keep, onTrimmed }: RowTrimDependencies) {
  return async ({ userId, rows }: UserAudit): Promise<void> => {
    if (keep === 0 || rows <= keep) return;
    const checkpoint = await checkpoints.find(userId);
    if (checkpoint === null || checkpoint.balance === null) return;
    const removed = await wallets.trimRows({ userId, keep, takenIn: checkpoint.boundary });
    if (removed > 0) onTrimmed({ userId, rows: removed });
  };
}
