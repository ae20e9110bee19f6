import { expect, it } from 'vitest';
import { undoneReceipts } from '../../src/wallet/audit/undone-receipts.ts';

const run = (...amounts: bigint[]) => amounts.map((amount, n) => ({ opId: `settle.${n}`, amount }));

it('what is missing is the last payments of a run, to the last decimal: named; else nothing is', () => {
  expect(undoneReceipts([run(5n, 7n, 11n)], 18n)).toEqual(['settle.1', 'settle.2']);
  expect(undoneReceipts([run(5n, 7n, 11n)], 11n)).toEqual(['settle.2']);
  expect(undoneReceipts([run(5n, 7n, 11n)], 5n)).toEqual([]);
  expect(undoneReceipts([run(5n, 7n, 11n)], 12n)).toEqual([]);
  expect(undoneReceipts([run(5n, 7n, 11n)], 24n)).toEqual([]);
  expect(undoneReceipts([[], run(3n)], 3n)).toEqual(['settle.0']);
  expect(undoneReceipts([run(3n)], 0n)).toEqual([]);
  expect(undoneReceipts([run(3n)], -3n)).toEqual([]);
  const lost = [{ opId: 'settle.lost', amount: 7n }];
  expect(undoneReceipts([run(7n)], 7n, lost)).toEqual(['settle.lost']);
  expect(undoneReceipts([run(5n, 7n)], 14n, lost)).toEqual(['settle.1', 'settle.lost']);
  expect(undoneReceipts([run(5n, 5n)], 5n, lost)).toEqual([]);
});
