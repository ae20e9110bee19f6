// Money of settlements that a stale save of the platform took back, given back by an operator: a settlement of its own.

import { createHash } from 'node:crypto';
import type { UserId } from '../domain/ids.ts';

export interface RestoreOrder {
  /** `restoreOpId(findingId)`: one for a finding, so that two administrators restore once. */
  readonly opId: string;
  readonly userId: UserId;
  /** The settlements that were undone; the ledger holds their amounts. */
  readonly undone: readonly string[];
}

export type RestoreResult =
  /** Now, or by an earlier call. */
  | { readonly status: 'restored'; readonly restoration: Restoration }
  /** The ledger does not hold all of them, or a bot of theirs has an allocation again, or was paid since. */
  | { readonly status: 'not-proven' }
  | { readonly status: 'not-money' | 'account-gone' };

export interface Restoration {
  readonly opId: string;
  readonly userId: UserId;
  /** The settlements it gives back. */
  readonly undone: readonly string[];
  /** Empty where several bots' settlements were undone. */
  readonly botId: string;
  /** Integer cents. */
  readonly amountMinor: number;
  /** Dollars, for display. */
  readonly previousBalance: number;
  readonly newBalance: number;
  readonly description: string;
  readonly seq: number;
  /** ISO 8601, database time. */
  readonly restoredAt: string;
}

export function restoreOpId(findingId: string): string {
  return `restore.${createHash('sha256').update(findingId).digest('hex').slice(0, 40)}`;
}
