// Where a page of the ledger ended: the moment and the document, opaque to whoever carries it.

import { TerminalError } from '../../saga/errors.ts';

export interface LedgerCursor {
  readonly at: Date;
  readonly id: string;
}

export function printCursor({ at, id }: LedgerCursor): string {
  return Buffer.from(`${at.getTime()}.${id}`).toString('base64url');
}

/** @throws TerminalError `BAD_CURSOR` for anything that `printCursor` did not make. */
export function parseCursor(text: string): LedgerCursor {
  const plain = Buffer.from(text, 'base64url').toString('utf8');
  const [, ms, id] = /^(\d{1,15})\.(.{1,400})$/s.exec(plain) ?? [];
  if (ms === undefined || id === undefined) {
    throw new TerminalError('BAD_CURSOR', 'the cursor is not one that this list gave out');
  }
  return { at: new Date(Number(ms)), id };
}
