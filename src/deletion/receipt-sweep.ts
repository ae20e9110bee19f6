// Drops receipts from user documents once the ledger has held them for a day, so that a user who deletes
// many bots does not carry them all for ever. One process at a time; twice would be harmless.

import { createPeriodic, type LeaderLeases, type Periodic } from '@reclaim/saga';
import type { Wallets } from '../wallet/wallets.ts';

const EVERY_MS = 10 * 60_000;
const LIMIT_MS = 5 * 60_000;

export function createReceiptSweep({
  wallets,
  leaderLeases,
  onError,
}: {
  readonly wallets: Pick<Wallets, 'forgetSettled'>;
  readonly leaderLeases: LeaderLeases;
  readonly onError: (error: unknown) => void;
}): Periodic {
  return createPeriodic({
    everyMs: EVERY_MS,
    limitMs: LIMIT_MS,
    onError,
    turn: async (signal) => {
      if (await leaderLeases.hold('receipt-sweep', EVERY_MS)) {
        await wallets.forgetSettled(signal);
      }
    },
  });
}
