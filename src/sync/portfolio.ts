// What a user sees of what is theirs: their bots in the three sources, their wallet, and its history.

import { type Static, Type } from 'typebox';
import type { UserId } from '../domain/ids.ts';
import { isMoney } from '../domain/money.ts';
import type { BotOwner } from '../pool-state/ownership.ts';
import type { Ledger, LedgerEntry, LedgerPage } from '../wallet/ledger.ts';
import type { Accounts } from '../wallet/mongodb/accounts.ts';
import type { BotView } from './bot-view.ts';
import { type BotViewPorts, viewBots } from './bot-views.ts';

export type WalletView = Static<typeof WALLET_VIEW>;
export const WALLET_VIEW = Type.Object({
  balance: Type.Union([Type.Number(), Type.Null()], {
    description: 'Null for an account from before wallets, or a balance that is not money.',
  }),
  currency: Type.String(),
  lastUpdated: Type.Union([Type.String(), Type.Null()]),
  allocations: Type.Array(
    Type.Object({
      instanceId: Type.String(),
      botName: Type.String(),
      allocatedAmount: Type.Union([Type.Number(), Type.Null()]),
      currentValue: Type.Union([Type.Number(), Type.Null()]),
      allocatedAt: Type.Union([Type.String(), Type.Null()]),
    }),
  ),
  totals: Type.Object({
    allocated: Type.Number(),
    currentValue: Type.Number(),
    pnl: Type.Number(),
  }),
});

export interface PortfolioPorts extends BotViewPorts {
  readonly ledger: Pick<Ledger, 'page'>;
  /** Takes the platform's rows of a user in; what cannot be posted yet comes back. */
  readonly takeIn: (
    userId: UserId,
    options: { readonly signal: AbortSignal },
  ) => Promise<readonly LedgerEntry[]>;
}

/** A list of 80,000 rows that was not read before takes longer; the next read goes on with it. */
const TAKE_IN_MS = 10_000;

export type Portfolio = ReturnType<typeof createPortfolio>;

export function createPortfolio(ports: PortfolioPorts) {
  const { accounts, ledger, takeIn } = ports;
  return {
    bots: (owner: BotOwner): Promise<readonly BotView[]> => viewBots(ports, owner),
    wallet: async ({ userId }: BotOwner): Promise<WalletView> =>
      walletView(await accounts.findWithTotals(userId)),
    /** @throws BadCursorError for a cursor that no page gave out. */
    transactions: async (
      { userId }: BotOwner,
      page: { readonly limit: number; readonly cursor?: string },
    ): Promise<LedgerPage> => {
      const unposted = await takeIn(userId, { signal: AbortSignal.timeout(TAKE_IN_MS) });
      return ledger.page(userId, { ...page, unposted });
    },
  };
}

function walletView(account: Awaited<ReturnType<Accounts['findWithTotals']>>): WalletView {
  const allocations = (account?.allocations ?? []).map((held) => ({
    instanceId: held.instanceId,
    botName: textOrNull(held.botName) ?? held.instanceId,
    allocatedAmount: moneyOrNull(held.allocatedAmount),
    currentValue: moneyOrNull(held.currentValue),
    allocatedAt: textOrNull(held.allocatedAt),
  }));
  return {
    balance: moneyOrNull(account?.balance),
    currency: account?.currency ?? 'USD',
    lastUpdated: account?.lastUpdated ?? null,
    allocations,
    totals: account?.totals ?? { allocated: 0, currentValue: 0, pnl: 0 },
  };
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function moneyOrNull(value: unknown): number | null {
  return isMoney(value) ? value : null;
}
