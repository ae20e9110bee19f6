// What every implementation of the Wallets port must do when the platform may have paid an allocation back by itself: its
// row counts while the balance agrees with it, and no other (I2).

import type { Db, Document } from 'mongodb';
import { describe, expect, it } from 'vitest';
import type { Wallets } from '../../src/wallet/wallets.ts';
import { createTestDatabase } from '../support/database.ts';
import { BOT, incarnationOf, putUser } from '../support/users.ts';

const KNOWN_AT_MS = Date.parse('2026-11-01T00:00:00Z');
const at = (seconds: number) => new Date(KNOWN_AT_MS + seconds * 1_000);

/** The platform's own row of a payment of 110.50, which left 1000. */
const PAYMENT = {
  ...{ type: 'deallocate', amount: 110.5, botId: BOT, balanceAfter: 1000, timestamp: at(5) },
  description: 'Returned $110.50 from deleted bot',
};
/** Rows after it: 1000 + 50 - 20 - 30.25 + 4 of another bot's. */
const LATER = [
  { type: 'deposit', amount: 50 },
  { type: 'withdraw', amount: -20 },
  { type: 'allocate', amount: -30.25, botId: 'another' },
  { type: 'deallocate', amount: 4, botId: 'another' },
  { type: 'note', amount: 9 },
];
const IN_BALANCE = 1003.75;

export function describePlatformPayments(name: string, createWallets: (db: Db) => Wallets): void {
  async function find(rows: readonly Document[], balance: unknown) {
    const db = await createTestDatabase();
    const userId = await putUser(db, { balance, bots: {}, rows });
    const query = { incarnation: incarnationOf(userId), knownAtMs: KNOWN_AT_MS };
    return createWallets(db).findPlatformPayment({
      ...{ ...query, botName: 'Bot 1', allocatedAmount: 100 },
    });
  }

  describe(`${name}: a payment of the platform’s own`, () => {
    it.each([
      { moved: 'nothing', rows: [], balance: 1000 },
      {
        moved: 'what moves money in and out, and what moves none',
        rows: LATER,
        balance: IN_BALANCE,
      },
      { moved: 'less than half a cent', rows: [], balance: 1000.004 },
    ])('$moved since: it is the receipt, to the cent', async ({ rows, balance }) => {
      expect(await find([PAYMENT, ...rows], balance)).toMatchObject({
        ...{ paidBy: 'platform', instanceId: BOT, botName: 'Bot 1', exactValue: '110.5' },
        ...{ amount: 110.5, amountMinor: 11_050, pnl: 10.5, pnlMinor: 1_050, seq: 0 },
        ...{ previousBalance: 889.5, newBalance: 1000, settledAt: at(5).toISOString() },
      });
    });

    it.each<[string, readonly Document[], unknown]>([
      ['the balance was overwritten since', [PAYMENT], 889.5],
      ['a cent is missing', [PAYMENT, ...LATER], IN_BALANCE - 0.01],
      ['the balance is no money', [PAYMENT], '1000'],
      ['its amount is no money', [{ ...PAYMENT, amount: -110.5 }], 1000],
      ['of another bot', [{ ...PAYMENT, botId: 'another' }], 1000],
      ['older than the allocation was known', [{ ...PAYMENT, timestamp: at(-61) }], 1000],
      ['only a part was withdrawn', [{ ...PAYMENT, description: 'Withdrew $110.50' }], 1000],
      ['of a settlement of ours', [{ ...PAYMENT, opId: 'settle.1' }], 1000],
      [
        'money was set aside for the bot again',
        [PAYMENT, { type: 'allocate', amount: -100, botId: BOT }],
        900,
      ],
    ])('%s: none is found', async (_, rows, balance) => {
      expect(await find(rows, balance)).toBeNull();
    });
  });
}
