// How a row of the platform is stored in the ledger: the same fields as an entry of our own, and beside them
// what it means for the balance. An amount that is no number stays null; what stood there is described.

import { Decimal128, type Document, Double, Long } from 'mongodb';
import { printExact } from '../../domain/exact-decimal.ts';
import type { PlatformPosting } from '../audit/mongodb/audit-ledger.ts';
import type { LedgerEntry } from '../ledger.ts';
import { EMPTY, type LedgerDocument, toLedgerEntry } from './ledger-documents.ts';

export interface PlatformDocument extends Document {
  readonly _id: string;
}

/** What the ledger will show of it once it is posted. */
export function platformEntry(posting: PlatformPosting): LedgerEntry {
  return toLedgerEntry(platformDocument(posting) as LedgerDocument);
}

export function platformDocument(posting: PlatformPosting): PlatformDocument {
  const { opId, userId, firebaseUid, row, standing, moved, position, readAtMs } = posting;
  const { amount, balanceAfter } = row;
  return {
    ...EMPTY,
    _id: opId,
    opId,
    type: row.type === '' ? 'unknown' : row.type,
    userId,
    firebaseUid,
    botId: row.botId,
    botName: row.botName,
    amount: amount === null ? null : new Double(amount.shown),
    amountMinor: amount === null ? null : Long.fromNumber(amount.minor),
    exactValue: amount === null ? null : Decimal128.fromString(amount.exactText),
    description: row.description,
    balanceAfter: balanceAfter === null ? null : new Double(balanceAfter.shown),
    source: 'platform',
    standing,
    moved: Decimal128.fromString(printExact(moved)),
    ...(amount === null ? { amountFound: row.found } : {}),
    // Distinguishes equal rows that have no id of their own.
    ...(row.rowId === null ? { contentHash: row.contentHash } : {}),
    position,
    // A row without a date is dated by when it was first observed.
    at: new Date(row.atMs ?? readAtMs),
    postedAt: new Date(readAtMs),
  };
}
