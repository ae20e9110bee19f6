import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toSagaId } from '../../packages/saga/src/saga-id.ts';
import { toInstanceId, toUserId } from '../../src/domain/ids.ts';
import {
  incarnationKey,
  isStamped,
  settlementOpId,
  stampedIncarnationId,
} from '../../src/domain/incarnation.ts';
import { formatMinor, isMoney, MAX_MONEY, minorText, parseMinor } from '../../src/domain/money.ts';

describe('money', () => {
  it.each([0, 0.01, 1, 1e-9, 17331, MAX_MONEY])('%s: money', (value) => {
    expect(isMoney(value)).toBe(true);
  });

  it.each([-0.01, Number.NaN, Number.POSITIVE_INFINITY, 1e12 + 1, '5', null, undefined, {}, 5n])(
    '%s: not money',
    (value) => {
      expect(isMoney(value)).toBe(false);
    },
  );

  it.each([
    [0, '$0.00', '+$0.00'],
    [5, '$0.05', '+$0.05'],
    [110_500, '$1105.00', '+$1105.00'],
    [-410, '-$4.10', '-$4.10'],
    [99, '$0.99', '+$0.99'],
    [1e14, '$1000000000000.00', '+$1000000000000.00'],
  ])('%s cents: printed with two decimals and its sign', (minor, plain, signed) => {
    expect(formatMinor(minor)).toBe(plain);
    expect(formatMinor(minor, 'always')).toBe(signed);
  });

  it('any whole number of cents: the text reads back as the same number', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e14, max: 1e14 }), (minor) => {
        const text = formatMinor(minor, 'always');
        expect(text).toMatch(/^[+-]\$\d+\.\d\d$/);
        expect(Number(text.replace(/[$.]/g, ''))).toBe(minor === 0 ? 0 : minor);
      }),
    );
  });
});

describe('incarnation', () => {
  const userId = toUserId('00000000000000000000000a');
  const instanceId = toInstanceId('uid-bot-1');
  const incarnationId = '2026-10-02T09:30:00.000Z';

  it('the same incarnation: the same operation; another user, bot or incarnation: another one', () => {
    const opId = settlementOpId({ userId, instanceId, incarnationId });
    expect(settlementOpId({ userId, instanceId, incarnationId })).toBe(opId);
    expect(opId).toMatch(/^settle\.[0-9a-f]{40}$/);
    const others = [
      { userId: toUserId('00000000000000000000000b'), instanceId, incarnationId },
      { userId, instanceId: toInstanceId('uid-bot-2'), incarnationId },
      { userId, instanceId, incarnationId: '2026-10-02T09:30:00.001Z' },
    ];
    expect(new Set([opId, ...others.map(settlementOpId)]).size).toBe(4);
  });

  it('a stamp: told from a date', () => {
    const stamp = stampedIncarnationId(toSagaId('del-aaaaaaaaaaaaaaaa'));
    expect(isStamped(stamp)).toBe(true);
    expect(isStamped(incarnationId)).toBe(false);
    expect(incarnationKey({ userId, instanceId, incarnationId: stamp })).toContain('/stamp:del-');
  });
});

describe('amounts that a person enters', () => {
  it.each([
    [1105, 110_500],
    [0.01, 1],
    [0.29, 29],
    [1.15, 115],
    [4.35, 435],
    [1e12, 1e14],
    [999_999_999_999.99, 99_999_999_999_999],
    [0, undefined],
    [-1, undefined],
    [1.005, undefined],
    [0.1 + 0.2, undefined],
    [1e12 + 1, undefined],
    [Number.NaN, undefined],
    [Number.POSITIVE_INFINITY, undefined],
  ])('%s dollars: %s cents', (dollars, cents) => {
    expect(parseMinor(dollars)).toBe(cents);
  });

  it('cents as text for the database: two places, no sign', () => {
    expect([1, 110_500, 1e14].map(minorText)).toEqual(['0.01', '1105.00', '1000000000000.00']);
  });
});
