// Where a page of the ledger ended: the moment and the document, opaque to the client that carries it.

import { BadCursorError } from '@reclaim/saga';

export interface LedgerCursor {
  readonly at: Date;
  readonly id: string;
}

export function printCursor({ at, id }: LedgerCursor): string {
  return Buffer.from(`${at.getTime()}.${id}`).toString('base64url');
}

/** @throws BadCursorError for anything that `printCursor` did not make. */
export function parseCursor(text: string): LedgerCursor {
  const plain = Buffer.from(text, 'base64url').toString('utf8');
  const [, ms, id] = /^(\d{1,15})\.(.{1,400})$/s.exec(plain) ?? [];
  if (ms === undefined || id === undefined) {
    throw new BadCursorError();
  }
  return { at: new Date(Number(ms)), id };
}
