// The append-only record of money moved. Its unique opId makes posting repeatable (I2); it never
// expires, and nothing in this program updates or deletes an entry.

import type { SagaId } from '@reclaim/saga';
import { type Static, Type } from 'typebox';
import type { FirebaseUid, UserId } from '../domain/ids.ts';
import type { Receipt, Reservation } from './receipts.ts';
import type { Restoration } from './restorations.ts';

export interface Ledger {
  /** Posts a settlement. 'exists' is success: the same operation was posted before.
   * @throws TerminalError LEDGER_DISAGREES when the entry that exists differs. */
  post(entry: SettlementEntry): Promise<'posted' | 'exists'>;

  /** Posts money set aside for a new bot: type `allocate`, amounts negative. 'exists' is success.
   * @throws TerminalError LEDGER_DISAGREES when the entry that exists differs. */
  postReservation(entry: ReservationEntry): Promise<'posted' | 'exists'>;

  /** Posts money that was restored: type `deposit`. 'exists' is success. */
  postRestoration(restoration: Restoration): Promise<'posted' | 'exists'>;

  /** Records money that could not be returned because the account is gone; the audit lists it. */
  writeOff(entry: WriteOffEntry): Promise<'posted' | 'exists'>;

  find(opId: string): Promise<LedgerEntry | null>;

  /** A user's entries, newest first, for the transactions page. `cursor` comes from the page before; `unposted` are
   * entries that will be posted, shown instead of their entries until they are. */
  page(
    userId: UserId,
    options: {
      readonly limit: number;
      readonly cursor?: string;
      readonly unposted?: readonly LedgerEntry[];
    },
  ): Promise<LedgerPage>;
}

export interface SettlementEntry {
  readonly receipt: Receipt;
  readonly firebaseUid: FirebaseUid | null;
  readonly sagaId: SagaId;
}

export interface ReservationEntry {
  readonly reservation: Reservation;
  readonly firebaseUid: FirebaseUid | null;
  readonly sagaId: SagaId;
}

export interface WriteOffEntry {
  readonly opId: string;
  readonly userId: UserId;
  readonly instanceId: string;
  readonly botName: string;
  /** The value captured at the lock, in dollars. */
  readonly value: number;
  readonly sagaId: SagaId;
}

const TEXT_OR_NULL = Type.Union([Type.String(), Type.Null()]);
const NUMBER_OR_NULL = Type.Union([Type.Number(), Type.Null()]);

export type LedgerEntry = Static<typeof LEDGER_ENTRY>;
export const LEDGER_ENTRY = Type.Object({
  opId: Type.String(),
  type: Type.String(),
  amount: Type.Union([Type.Number(), Type.Null()], {
    description: 'Signed dollars; null where the platform wrote something that is no number.',
  }),
  amountMinor: Type.Union([Type.Integer({ description: 'Cents.' }), Type.Null()]),
  currency: Type.String(),
  exactValue: TEXT_OR_NULL,
  botId: Type.String(),
  botName: Type.String(),
  description: Type.String(),
  balanceAfter: NUMBER_OR_NULL,
  seq: Type.Number(),
  sagaId: TEXT_OR_NULL,
  source: Type.Enum(['reclaim', 'platform']),
  // Of the platform's rows some were there before our first write, some only inform (a bot's profit), and some hold no
  // number: these are not summed.
  standing: Type.Enum(['counted', 'informational', 'before-opening', 'not-money'], {
    description: 'Only `counted` entries moved the balance since the ledger was opened.',
  }),
  at: Type.String(),
});

export interface LedgerPage {
  readonly entries: readonly LedgerEntry[];
  readonly nextCursor: string | null;
}
