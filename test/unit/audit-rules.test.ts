// The pure rules of the audit: when a difference is a fact, what is missing from a sequence, what a row did.

import { describe, expect, it } from 'vitest';
import { absolute, exactFromMinor } from '../../src/domain/exact-decimal.ts';
import { toUserId } from '../../src/domain/ids.ts';
import { resolveOwn } from '../../src/wallet/audit/own-movements.ts';
import { nameRows } from '../../src/wallet/audit/row-identity.ts';
import { meaningOf } from '../../src/wallet/audit/row-meaning.ts';
import { judge } from '../../src/wallet/audit/suspicion.ts';
import type { OwnMovement, WalletRow } from '../../src/wallet/audit/wallet-readings.ts';

const USER = toUserId('00000000000000000000000a');
const NEVER = { sinceMs: 0, untilMs: 0 };
const RULES = { stillForMs: 3_000, busyForMs: 600_000 };
const dollars = (amount: number) => exactFromMinor(Math.round(amount * 100));

function row(given: Partial<WalletRow> & { cents?: number; after?: number } = {}): WalletRow {
  const { cents = 500, after, ...fields } = given;
  const exact = exactFromMinor(cents);
  return {
    own: null,
    rowId: null,
    contentHash: 'hash',
    type: 'deposit',
    botId: 'bot',
    botName: '',
    description: '',
    amount: { shown: cents / 100, exact, exactText: String(cents / 100), minor: cents },
    found: '',
    balanceAfter: after === undefined ? null : { shown: after, exact: dollars(after) },
    atMs: 1,
    ...fields,
  };
}

function movement(seq: number, cents: number, opId = `op-${seq}`): OwnMovement {
  return {
    opId,
    seq,
    amount: exactFromMinor(cents),
    balanceAfter: null,
    botId: 'bot',
    atMs: seq,
  };
}

describe('a difference', () => {
  it('seen once: suspected; still the same three seconds later: a fact', () => {
    const first = judge('a', 1_000, null, RULES);
    expect(first).toEqual({
      status: 'suspected',
      suspicion: { signature: 'a', observedAtMs: 1_000, sinceMs: 1_000 },
    });
    if (first.status !== 'suspected') return;
    expect(judge('a', 3_999, first.suspicion, RULES).status).toBe('suspected');
    expect(judge('a', 4_000, first.suspicion, RULES).status).toBe('confirmed');
  });

  it('of a wallet that moves: waits for it to rest, but not for ever', () => {
    const earlier = { signature: 'a', observedAtMs: 0, sinceMs: 0 };
    expect(judge('b', 5_000, earlier, RULES)).toEqual({
      status: 'suspected',
      suspicion: { signature: 'b', observedAtMs: 5_000, sinceMs: 0 },
    });
    expect(judge('b', 599_999, earlier, RULES).status).toBe('suspected');
    expect(judge('b', 600_000, earlier, RULES).status).toBe('confirmed');
  });

  it('seen before the clock went back: a fact three seconds after it is seen again', () => {
    const earlier = { signature: 'a', observedAtMs: 3_600_000, sinceMs: 3_600_000 };
    const again = judge('a', 1_000, earlier, RULES);
    expect(again).toEqual({
      status: 'suspected',
      suspicion: { signature: 'a', observedAtMs: 1_000, sinceMs: 1_000 },
    });
    if (again.status !== 'suspected') return;
    expect(judge('a', 4_000, again.suspicion, RULES).status).toBe('confirmed');
  });
});

describe('our own movements', () => {
  const own = (seq: number, cents: number, opId = `op-${seq}`) =>
    row({ own: { opId, seq }, cents });

  it('known from rows, receipts and ledger; the ledger says how much; gaps are named', () => {
    const resolved = resolveOwn(
      { ...NEVER, after: 1, upTo: 6 },
      [own(1, 1), own(2, 200), own(3, 999)],
      [movement(4, 400)],
      [movement(3, 300), movement(5, 500), movement(9, 900)],
    );
    const amounts = [...resolved.bySeq].map(([seq, { amount }]) => [seq, amount]);
    expect(amounts).toEqual([
      [2, dollars(2)],
      [3, dollars(3)],
      [4, dollars(4)],
      [5, dollars(5)],
    ]);
    expect(resolved).toMatchObject({ unposted: 2, missing: [6] });
  });

  it('a sequence number that another program made huge: ten gaps are enough', () => {
    const range = { ...NEVER, after: 0, upTo: Number.MAX_SAFE_INTEGER };
    const { missing } = resolveOwn(range, [], [], []);
    expect(missing).toHaveLength(10);
  });

  it('one number twice, after a stale save: the row in the list is the one that stands', () => {
    const range = { ...NEVER, after: 0, upTo: 1 };
    const { bySeq } = resolveOwn(range, [own(1, 700, 'now')], [], [movement(1, 5)]);
    expect(bySeq.get(1)).toMatchObject({ opId: 'now', amount: dollars(7) });
  });
});

it.each([
  [10, false],
  [11, true],
  [20, true],
  [21, false],
])(
  'an entry of %i ms that the document does not hold, between the readings of 10 and 20: lost is %s',
  (atMs, isLost) => {
    const range = { after: 1, upTo: 1, sinceMs: 10, untilMs: 20 };
    const { lost } = resolveOwn(range, [], [], [{ ...movement(2, 5), atMs }]);
    expect(lost).toHaveLength(isLost ? 1 : 0);
  },
);

describe('a row of the platform', () => {
  const before = { stated: dollars(100), summed: dollars(105) };
  const isSame = (left: bigint, right: bigint) => absolute(left - right) < 10n;

  it.each([
    ['a deposit', row(), 'counted', 5],
    ['a withdrawal with a sign', row({ type: 'withdraw', cents: -500 }), 'counted', -5],
    ['a withdrawal without one', row({ type: 'withdraw' }), 'counted', -5],
    ['an allocation given back', row({ type: 'allocate', after: 105 }), 'counted', 5],
    ['a type nobody knows', row({ type: 'bonus' }), 'counted', 5],
    ['a profit that stays in the bot', row({ type: 'profit', after: 100 }), 'informational', 0],
    ['one without a balance', row({ type: 'profit' }), 'informational', 0],
    ['a profit that moved the balance', row({ type: 'profit', after: 110 }), 'counted', 5],
    ['a loss that moved it', row({ type: 'loss', after: 95 }), 'counted', -5],
    ['a loss with its sign', row({ type: 'loss', cents: -500, after: 95 }), 'counted', -5],
    ['no amount', row({ amount: null }), 'not-money', 0],
  ] as const)('%s', (_, given, standing, moved) => {
    expect(meaningOf(given, before, isSame)).toEqual({ standing, moved: dollars(moved) });
  });

  it('is named by its _id, or by its content and the how-manieth of its kind it is', () => {
    const rows = [
      row(),
      row({ rowId: 'a1' }),
      row({ own: { opId: 'settle.1', seq: 1 } }),
      row({ contentHash: 'other' }),
      row(),
    ];
    const names = nameRows(USER, rows, new Map([['hash', 2]])).map(({ opId }) => opId);
    expect(names).toEqual([
      `legacy.${USER}.hash.2`,
      `legacy.${USER}.a1`,
      null,
      `legacy.${USER}.other.0`,
      `legacy.${USER}.hash.3`,
    ]);
  });
});
