// What a user sees of what is theirs: their bots in the three sources, their wallet, and its history.

import type { UserId } from '../domain/ids.ts';
import { isMoney } from '../domain/money.ts';
import type { Account, WalletTotals } from '../wallet/accounts.ts';
import type { Ledger, LedgerEntry, LedgerPage } from '../wallet/ledger.ts';
import { type BotView, type BotViewPorts, type PortfolioOwner, viewBots } from './bot-views.ts';

export interface Portfolio {
  bots(owner: PortfolioOwner): Promise<readonly BotView[]>;
  wallet(owner: PortfolioOwner): Promise<WalletView>;
  /** @throws BadCursorError for a cursor that no page gave out. */
  transactions(
    owner: PortfolioOwner,
    page: { readonly limit: number; readonly cursor?: string },
  ): Promise<LedgerPage>;
}

export interface WalletView {
  /** Dollars; null for an account from before wallets, or a balance that is not money. */
  readonly balance: number | null;
  readonly currency: string;
  readonly lastUpdated: string | null;
  readonly allocations: {
    readonly instanceId: string;
    readonly botName: string;
    readonly allocatedAmount: number | null;
    readonly currentValue: number | null;
    readonly allocatedAt: string | null;
  }[];
  readonly totals: WalletTotals;
}

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

export function createPortfolio(ports: PortfolioPorts): Portfolio {
  const { accounts, ledger, takeIn } = ports;
  return {
    bots: (owner) => viewBots(ports, owner),
    wallet: async ({ userId }) => {
      const [account, totals] = await Promise.all([
        accounts.find({ userId }),
        accounts.totals(userId),
      ]);
      return walletView(account, totals);
    },
    transactions: async ({ userId }, page) => {
      const unposted = await takeIn(userId, { signal: AbortSignal.timeout(TAKE_IN_MS) });
      return ledger.page(userId, { ...page, unposted });
    },
  };
}

function walletView(account: Account | null, totals: WalletTotals): WalletView {
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
    totals,
  };
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function moneyOrNull(value: unknown): number | null {
  return isMoney(value) ? value : null;
}
