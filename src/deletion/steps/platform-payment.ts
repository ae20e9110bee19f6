// The payment of the platform's own deletion, where it and ours met: looked for only where the allocation that was
// locked is gone without a receipt of ours (I2).

import type { Receipt } from '../../wallet/wallets.ts';
import type { DeletionPorts, DeletionScene } from './step-ports.ts';

/** The platform dates its rows by its own clock; a payment of an earlier life is further away than this. */
const CLOCKS_APART_MS = 60_000;

export function findPlatformPayment(
  { wallets }: Pick<DeletionPorts, 'wallets'>,
  { allocation, tombstone }: Pick<DeletionScene, 'allocation' | 'tombstone'>,
): Promise<Receipt | null> {
  const { botName, allocatedAmount, readAtMs } = allocation;
  return wallets.findPlatformPayment({
    incarnation: tombstone.incarnation,
    notBefore: new Date(readAtMs - CLOCKS_APART_MS),
    botName,
    allocatedAmount,
  });
}
