// How a ledger entry is stored: integer cents as int64, the unrounded value as Decimal128, doubles only
// for display. The write inserts or leaves alone: an entry that exists is never changed (I2).

import { majorityCollection, runRepeatable } from '@reclaim/saga/mongodb';
import {
  type Db,
  Decimal128,
  type Document,
  Double,
  type Filter,
  Long,
  type WithId,
} from 'mongodb';
import { minorText } from '../../domain/money.ts';
import type { LedgerEntry, ReservationEntry, SettlementEntry, WriteOffEntry } from '../ledger.ts';
import type { Restoration } from '../restorations.ts';
import { trimZeros } from './receipts.ts';
import type { Expression } from './wallet-expressions.ts';

export interface LedgerDocument extends Document {
  /** The opId: unique by itself, before any migration has run. */
  readonly _id: string;
  readonly opId: string;
  readonly type: string;
  readonly userId: string;
  readonly botId: string;
  readonly amountMinor: number;
  readonly pnlMinor: number | null;
  readonly at: Date;
}

/** The first entry that fulfils the filter; null: none does. @throws UnavailableError. */
export function findInLedger(
  db: Db,
  filter: Filter<LedgerDocument>,
): Promise<WithId<LedgerDocument> | null> {
  return runRepeatable(() => majorityCollection<LedgerDocument>(db, 'ledger').findOne(filter));
}

export interface NewEntry {
  readonly opId: string;
  /** What an entry that is already there must agree with; null: the database computes it. */
  readonly facts: Readonly<Record<Fact, string | number | null>>;
  /** The fields besides the facts, where they are not those of `EMPTY`. */
  readonly fields: Document;
  /** Computed by the database. */
  readonly computed: Readonly<Record<string, Expression>>;
}

type Fact = 'type' | 'userId' | 'botId' | 'amountMinor' | 'pnlMinor';

const FACTS: readonly Fact[] = ['type', 'userId', 'botId', 'amountMinor', 'pnlMinor'];

/** What an entry holds where nothing else is said of it. */
export const EMPTY = {
  firebaseUid: null,
  incarnationId: null,
  botName: '',
  amountMinor: null,
  pnl: null,
  pnlMinor: null,
  currency: 'USD',
  scale: 2,
  overwrittenValue: null,
  previousBalance: null,
  balanceAfter: null,
  seq: 0,
  sagaId: null,
  source: 'reclaim',
};

export function settlementEntry({ receipt, firebaseUid, sagaId }: SettlementEntry): NewEntry {
  const { opId, userId, instanceId: botId, amountMinor, pnlMinor } = receipt;
  return {
    opId,
    facts: { type: 'deallocate', userId, botId, amountMinor, pnlMinor },
    fields: {
      firebaseUid,
      incarnationId: receipt.incarnationId ?? null,
      botName: receipt.botName,
      amount: new Double(receipt.amount),
      pnl: new Double(receipt.pnl),
      exactValue: Decimal128.fromString(receipt.exactValue),
      overwrittenValue: receipt.overwrittenValue ?? null,
      ...(receipt.valueSource !== undefined && { valueSource: receipt.valueSource }),
      ...(receipt.notLive !== undefined && { notLive: receipt.notLive }),
      description: receipt.description,
      previousBalance: new Double(receipt.previousBalance),
      balanceAfter: new Double(receipt.newBalance),
      seq: receipt.seq,
      sagaId,
      source: receipt.paidBy ?? 'reclaim',
      // The platform's own row moved the balance, and the audit takes it in: this entry records whose payment it was.
      ...(receipt.paidBy === 'platform' && { standing: 'informational' }),
      at: new Date(receipt.settledAt),
    },
    computed: {},
  };
}

/** Money set aside for a new bot: it left the balance, so its amounts are negative. */
export function reservationEntry({ reservation, firebaseUid, sagaId }: ReservationEntry): NewEntry {
  const { opId, userId, instanceId: botId, amountMinor } = reservation;
  const exact = Decimal128.fromString(`-${minorText(amountMinor)}`);
  return {
    opId,
    facts: { type: 'allocate', userId, botId, amountMinor: -amountMinor, pnlMinor: null },
    fields: {
      firebaseUid,
      incarnationId: reservation.incarnationId,
      botName: reservation.botName,
      exactValue: exact,
      description: reservation.description,
      previousBalance: new Double(reservation.previousBalance),
      balanceAfter: new Double(reservation.newBalance),
      seq: reservation.seq,
      sagaId,
      at: new Date(reservation.incarnationId),
    },
    computed: { amount: { $toDouble: exact } },
  };
}

/** Money that a stale save had taken back, paid in once more. */
export function restorationEntry(restoration: Restoration): NewEntry {
  const { opId, userId, botId, amountMinor, restoredAt, newBalance, ...rest } = restoration;
  const exact = Decimal128.fromString(minorText(amountMinor));
  return {
    opId,
    facts: { type: 'deposit', userId, botId, amountMinor, pnlMinor: null },
    fields: {
      exactValue: exact,
      description: rest.description,
      previousBalance: new Double(rest.previousBalance),
      balanceAfter: new Double(newBalance),
      seq: rest.seq,
      undone: [...rest.undone],
      at: new Date(restoredAt),
    },
    computed: { amount: { $toDouble: exact } },
  };
}

/** Money that went nowhere: it names what was lost and moves no balance. */
export function writeOffEntry(entry: WriteOffEntry): NewEntry {
  const { opId, userId, instanceId: botId, botName, value, sagaId } = entry;
  const exact = { $toDecimal: new Double(value) };
  const rounded = { $round: [exact, 2] };
  return {
    opId,
    // Two write-offs of one operation agree on the bot.
    facts: { type: 'write-off', userId, botId, amountMinor: null, pnlMinor: null },
    fields: { botName, description: 'Not returned: the account is gone', sagaId },
    computed: {
      amount: { $toDouble: rounded },
      amountMinor: { $toLong: { $multiply: [rounded, 100] } },
      exactValue: exact,
      at: '$$NOW',
    },
  };
}

/** Inserts, or changes nothing: `postedAt` is what every stored entry has. */
export function postEntry({ opId, facts, fields, computed }: NewEntry) {
  const { amountMinor, pnlMinor, ...names } = facts;
  const cents = { amountMinor: longOrNull(amountMinor), pnlMinor: longOrNull(pnlMinor) };
  const inserted = {
    $mergeObjects: [
      '$$ROOT',
      { $literal: { ...EMPTY, opId, ...names, ...cents, ...fields } },
      { ...computed, postedAt: '$$NOW' },
    ],
  };
  const isNew = { $eq: [{ $type: '$postedAt' }, 'missing'] };
  return {
    filter: { _id: opId },
    update: [{ $replaceWith: { $cond: [isNew, inserted, '$$ROOT'] } }],
    upsert: true,
  };
}

/** The first fact in which the stored entry differs; null when they agree. */
export function disagreement({ facts }: NewEntry, found: LedgerDocument): Fact | null {
  const wrong = FACTS.find((fact) => facts[fact] !== null && facts[fact] !== found[fact]);
  return wrong ?? null;
}

export function toLedgerEntry(document: LedgerDocument): LedgerEntry {
  return {
    opId: document.opId,
    type: document.type,
    amount: numberOrNull(document.amount),
    amountMinor: numberOrNull(document.amountMinor),
    currency: document.currency,
    exactValue: document.exactValue === null ? null : trimZeros(String(document.exactValue)),
    botId: document.botId,
    botName: document.botName,
    description: document.description,
    balanceAfter: numberOrNull(document.balanceAfter),
    seq: document.seq,
    sagaId: document.sagaId,
    source: document.source,
    standing: document.standing ?? (document.type === 'write-off' ? 'informational' : 'counted'),
    at: document.at.toISOString(),
  };
}

function longOrNull(value: string | number | null): Long | null {
  return value === null ? null : Long.fromNumber(Number(value));
}

function numberOrNull(value: unknown): number | null {
  return value === null ? null : Number(value);
}
