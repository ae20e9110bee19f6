// What the ledger is to hold of rows of the platform: what each of them means, and the how-manieth it is. An audit posts
// it; a page may show it before (I2: both come to the same names).

import type { AuditPass } from './audit-pass.ts';
import type { CheckpointState } from './mongodb/audit-checkpoints.ts';
import type { PlatformPosting } from './mongodb/audit-ledger.ts';
import type { NamedRow } from './row-identity.ts';
import type { WalletReading } from './wallet-readings.ts';

/** Rows from before our first write: none of them is summed. */
export function historyPostings(
  from: CheckpointState,
  { reading, rows }: Pick<AuditPass & { readonly status: 'history' }, 'reading' | 'rows'>,
): readonly PlatformPosting[] {
  return positioned(rows, from).map(({ opId, row, position }) => ({
    ...postingOf(reading),
    opId,
    row,
    standing: 'before-opening',
    moved: 0n,
    position,
  }));
}

/** The ledger gets what the chain made of each row. */
export function chainPostings(
  from: CheckpointState,
  { reading, rows, chain }: AuditPass & { readonly status: 'chained' },
): readonly PlatformPosting[] {
  const entries = new Map(chain.platform.map((entry) => [entry.opId, entry]));
  return positioned(rows, from).flatMap(({ opId, position }) => {
    const entry = entries.get(opId);
    return entry === undefined ? [] : [{ ...postingOf(reading), ...entry, position }];
  });
}

function positioned(rows: readonly NamedRow[], { position }: CheckpointState) {
  const platform = rows.flatMap(({ row, opId }) => (opId === null ? [] : [{ row, opId }]));
  return platform.map((named, index) => ({ ...named, position: position + index }));
}

function postingOf({ userId, firebaseUid, readAtMs }: WalletReading) {
  return { userId, firebaseUid, readAtMs };
}
