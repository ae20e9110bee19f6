// One pass over one user: what is in the wallet at one moment, and what must be in it by the entries since the last
// checkpoint (I11). Changes nothing.

import type { UserId } from '../../domain/ids.ts';
import type { WalletReadings } from '../mongodb/wallet-readings.ts';
import { type Chain, chainOf } from './chain.ts';
import type { Checkpoint, CheckpointState } from './mongodb/audit-checkpoints.ts';
import type { AuditLedger } from './mongodb/audit-ledger.ts';
import { findNew, findNewInRewritten, isWhereItWas } from './new-rows.ts';
import { resolveOwn } from './own-movements.ts';
import { lockOf, type NamedRow } from './row-identity.ts';
import type { OwnMovement, WalletReading, WalletRow } from './wallet-readings.ts';

export interface AuditPassPorts {
  readonly readings: WalletReadings;
  readonly ledger: AuditLedger;
}

export type AuditPass =
  | { readonly status: 'account-gone' }
  /** Rows from before our first write, to be taken in before anything is summed. */
  | {
      readonly status: 'history';
      readonly reading: WalletReading;
      readonly rows: readonly NamedRow[];
      readonly next: CheckpointState;
    }
  /** Never written on by this program, and no history left to take in. */
  | { readonly status: 'not-ours'; readonly reading: WalletReading }
  | { readonly status: 'not-money'; readonly reading: WalletReading }
  | {
      readonly status: 'chained';
      readonly reading: WalletReading;
      readonly rows: readonly NamedRow[];
      readonly chain: Chain;
      readonly unposted: number;
      readonly missing: readonly number[];
      /** Our own writes since the last checkpoint. */
      readonly own: readonly OwnMovement[];
      readonly next: CheckpointState;
    };

/** History is taken in by so many rows at a time: a list of 80,000 must not be held at once. */
const HISTORY_ROWS = 2_000;
/** More rows than one document holds. */
const ALL_ROWS = 1_000_000;
/** Where nothing was taken in yet. */
export const BEFORE_ALL: CheckpointState = {
  balance: null,
  seq: 0,
  boundary: { index: 0, trimmed: 0 },
  lastRow: null,
  position: 0,
  readAtMs: 0,
};

export async function runAuditPass(
  ports: AuditPassPorts,
  userId: UserId,
  checkpoint: Checkpoint | null,
): Promise<AuditPass> {
  const from = checkpoint ?? BEFORE_ALL;
  const limit = from.balance === null ? HISTORY_ROWS : ALL_ROWS;
  let reading = await ports.readings.read(userId, {
    from: from.boundary,
    limit,
    receiptsAfter: from.seq,
  });
  if (reading === null) return { status: 'account-gone' };
  if (!isWhereItWas(reading, from)) return observeAll(ports, userId, checkpoint);
  const history = historyAmong(reading, from);
  if (history > 0) return takeHistory(ports, reading, from, history);
  if (reading.rows.length < reading.rowCount - reading.boundaryIndex) {
    reading = await ports.readings.read(userId, {
      from: from.boundary,
      limit: ALL_ROWS,
      receiptsAfter: from.seq,
    });
    if (reading === null) return { status: 'account-gone' };
    if (!isWhereItWas(reading, from)) return observeAll(ports, userId, checkpoint);
  }
  const rows = await findNew(ports.ledger, userId, reading.rows, from);
  return chained(ports, reading, from, rows);
}

/** How many of the rows at hand are from before our first write; of a user whom this program has not written on, all.
 * The platform may have shortened the list since: what is behind a row of ours, or dated after that write and states
 * another balance than the opening, came later, wherever it stands. */
function historyAmong(
  { ledgerState, boundaryIndex, rows }: WalletReading,
  from: CheckpointState,
): number {
  if (from.balance !== null) return 0;
  if (ledgerState === null) return rows.length;
  const { opening, openedAtMs, openingRows } = ledgerState;
  const old = rows.slice(0, Math.max(0, openingRows - boundaryIndex));
  const isLater = ({ atMs }: WalletRow) => (atMs ?? 0) > (openedAtMs ?? atMs ?? 0);
  const own = old.findIndex((row) => row.own !== null && isLater(row));
  return (
    1 +
    old
      .slice(0, own < 0 ? old.length : own)
      .findLastIndex((row) => !isLater(row) || row.balanceAfter?.exact === opening)
  );
}

async function takeHistory(
  { ledger }: AuditPassPorts,
  reading: WalletReading,
  from: CheckpointState,
  count: number,
): Promise<AuditPass> {
  const slice = reading.rows.slice(0, count);
  const rows = await findNew(ledger, reading.userId, slice, from);
  const index = reading.boundaryIndex + slice.length;
  const next = after(reading, from, rows, index, slice.at(-1));
  return { status: 'history', reading, rows, next };
}

/** The list was rewritten: by a save of the whole document, or by a program that removed rows. */
async function observeAll(
  ports: AuditPassPorts,
  userId: UserId,
  checkpoint: Checkpoint | null,
): Promise<AuditPass> {
  const from = checkpoint ?? BEFORE_ALL;
  const reading = await ports.readings.read(userId, {
    from: 'start',
    limit: ALL_ROWS,
    receiptsAfter: from.seq,
  });
  if (reading === null) return { status: 'account-gone' };
  // Before the first sum, the rows of the opening are history still.
  const first = historyAmong(reading, from);
  const unknown = await findNewInRewritten(ports.ledger, userId, reading.rows, from);
  const old = new Set(reading.rows.slice(0, first));
  const history = unknown.filter(({ row }) => row.own === null && old.has(row));
  if (history.length > 0) {
    const next = after(reading, from, history, first, reading.rows[first - 1]);
    return { status: 'history', reading, rows: history, next };
  }
  const rows = unknown.filter(({ row }) => !old.has(row));
  return chained(ports, reading, from, rows);
}

/** No moment lies between these. */
const NEVER = { sinceMs: 0, untilMs: 0 };

/** Our writes since the checkpoint whose numbers it has counted already: a save of the whole document took the user's
 * sequence back, and they were given out once more. Only then is the moment of a write asked: a clock may go back, too. */
async function findAgain(
  { ledger }: AuditPassPorts,
  userId: UserId,
  { seq, readAtMs }: CheckpointState,
  rows: readonly NamedRow[],
): Promise<readonly WalletRow[]> {
  const later = rows.flatMap(({ row }) =>
    row.own !== null && row.own.seq <= seq && (row.atMs ?? 0) > readAtMs ? [row] : [],
  );
  if (later.length === 0) return [];
  const first = Math.min(...later.flatMap(({ own }) => own?.seq ?? []));
  const counted = await ledger.own(userId, { ...NEVER, after: first - 1, upTo: seq }, []);
  return later.filter(({ own }) =>
    counted.some((entry) => entry.seq === own?.seq && entry.opId !== own.opId),
  );
}

/** A reading shows what a majority of the members held at its moment: a write of that moment may be missing in it, and
 * stand in the ledger by now. The ledger knows only writes that a majority holds: what is lost is missing in the document
 * read again. */
async function stillLost(
  { readings }: AuditPassPorts,
  userId: UserId,
  lost: readonly OwnMovement[],
): Promise<readonly OwnMovement[]> {
  if (lost.length === 0) return lost;
  const held = await readings.heldAmong(
    userId,
    lost.map(({ opId }) => opId),
  );
  return lost.filter(({ opId }) => !held.has(opId));
}

async function chained(
  ports: AuditPassPorts,
  reading: WalletReading,
  from: CheckpointState,
  rows: readonly NamedRow[],
): Promise<AuditPass> {
  const { balance, ledgerState, userId } = reading;
  const opening = ledgerState === null ? null : ledgerState.opening + ledgerState.trimmed.moved;
  const start = from.balance ?? opening;
  if (start === null) return { status: 'not-ours', reading };
  if (balance === null) return { status: 'not-money', reading };
  const seq = ledgerState?.seq ?? 0;
  const sinceMs = from.balance === null ? ledgerState?.openedAtMs : from.readAtMs;
  const moments = typeof sinceMs === 'number' ? { sinceMs, untilMs: reading.readAtMs } : NEVER;
  const range = { after: from.seq, upTo: seq, ...moments };
  const inRange = rows.flatMap(({ row }) =>
    row.own !== null && row.own.seq > range.after && row.own.seq <= range.upTo ? [row] : [],
  );
  const again = await findAgain(ports, userId, from, rows);
  const opIds = [...again, ...inRange].flatMap(({ own }) => own?.opId ?? []);
  const posted = await ports.ledger.own(userId, range, opIds);
  const resolved = resolveOwn(range, inRange, reading.receipts, posted, again);
  const own = { ...resolved, lost: await stillLost(ports, userId, resolved.lost) };
  const isOpening = from.balance === null;
  const chain = chainOf({ start, isOpening, end: balance, rows, own });
  const next = after(
    reading,
    from,
    rows,
    reading.rowCount,
    reading.rows.at(-1) ?? reading.rowBefore,
  );
  const { unposted, missing } = own;
  return {
    status: 'chained',
    reading,
    rows,
    chain,
    unposted,
    missing,
    own: [...own.bySeq.values(), ...own.lost],
    next: { ...next, balance, seq },
  };
}

function after(
  { ledgerState, readAtMs }: WalletReading,
  from: CheckpointState,
  rows: readonly NamedRow[],
  index: number,
  last: WalletRow | null | undefined,
): CheckpointState {
  const platform = rows.filter(({ row }) => row.own === null).length;
  return {
    ...from,
    boundary: { index, trimmed: ledgerState?.trimmed.rows ?? 0 },
    lastRow: last === null || last === undefined ? null : lockOf(last),
    position: from.position + platform,
    readAtMs,
  };
}
