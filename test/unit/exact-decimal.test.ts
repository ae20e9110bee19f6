import { describe, expect, it } from 'vitest';
import {
  absolute,
  exactFromMinor,
  parseExact,
  printExact,
  roundingOf,
} from '../../src/domain/exact-decimal.ts';

const exact = (text: string) => {
  const value = parseExact(text);
  if (value === undefined) throw new Error(`not exact: ${text}`);
  return value;
};

describe('decimals as whole numbers', () => {
  it.each([
    ['17331.0000000000', '17331'],
    ['-4.10', '-4.1'],
    ['0E-15', '0'],
    ['-0.00', '0'],
    ['1E+12', '1000000000000'],
    ['1.23E-7', '0.000000123'],
    ['0.300000000000000', '0.3'],
    ['999999999999.999999999999', '999999999999.999999999999'],
    ['5E-31', '0'],
  ])('%s is %s', (text, printed) => {
    expect(printExact(exact(text))).toBe(printed);
  });

  it.each(['NaN', 'Infinity', '-Infinity', '', 'x', '1,5', '1.2.3', '0x10', '1E+41', '1e99999'])(
    '%s is no decimal',
    (text) => {
      expect(parseExact(text)).toBeUndefined();
    },
  );

  it('a tenth and two tenths are three tenths; cents are cents', () => {
    expect(exact('0.1') + exact('0.2')).toBe(exact('0.3'));
    expect(exactFromMinor(-110_505)).toBe(exact('-1105.05'));
    expect(absolute(exact('-0.01'))).toBe(exactFromMinor(1));
  });

  it('what doubles lose grows with the amounts and their number, and never reaches half a cent', () => {
    expect(printExact(roundingOf(0, exact('0.5')))).toBe('0.00000000000002');
    expect(printExact(roundingOf(8, exact('17331')))).toBe('0.000000001');
    expect(roundingOf(1_000_000, exact('1E+12'))).toBeLessThan(exact('0.005'));
  });
});
