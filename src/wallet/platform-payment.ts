// The payment of the platform's own deletion, where it and ours met: searched for only where the allocation is gone
// without a receipt of ours (I2).

import type { Receipt } from './receipts.ts';
import type { PlatformPaymentQuery, Wallets } from './wallets.ts';

/** The platform dates its rows by its own clock; a payment of an earlier incarnation is further away than this. */
const CLOCKS_APART_MS = 60_000;

export interface KnownAllocation extends Omit<PlatformPaymentQuery, 'notBefore'> {
  /** When the allocation was read or made, database time, ms. */
  readonly knownAtMs: number;
}

export function findPlatformPayment(
  { wallets }: { readonly wallets: Pick<Wallets, 'findPlatformPayment'> },
  { knownAtMs, ...query }: KnownAllocation,
): Promise<Receipt | null> {
  const notBefore = new Date(knownAtMs - CLOCKS_APART_MS);
  return wallets.findPlatformPayment({ ...query, notBefore });
}
