// What every implementation of the Wallets port must do, said against users in the platform's format.

import type { Db } from 'mongodb';
import type { Wallets } from '../../src/wallet/wallets.ts';
import { describeLiveValues } from './wallet-live-values.ts';
import { describeLocks } from './wallet-locks.ts';
import { describeOddRows } from './wallet-odd-rows.ts';
import { describePastIncarnations } from './wallet-past-incarnations.ts';
import { describePlatformPayments } from './wallet-platform-payments.ts';
import { describeRepeatedSettlements } from './wallet-repeats.ts';
import { describeReservations } from './wallet-reservations.ts';
import { describeResurrections } from './wallet-resurrections.ts';
import { describeSettlements } from './wallet-settlements.ts';

export function describeWallets(name: string, createWallets: (db: Db) => Wallets): void {
  describeLocks(name, createWallets);
  describeReservations(name, createWallets);
  describeSettlements(name, createWallets);
  describeLiveValues(name, createWallets);
  describeRepeatedSettlements(name, createWallets);
  describeResurrections(name, createWallets);
  describePastIncarnations(name, createWallets);
  describeOddRows(name, createWallets);
  describePlatformPayments(name, createWallets);
}
