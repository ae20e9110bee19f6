// What counts as money. Amounts are added and rounded inside MongoDB as Decimal128, never here (the
// platform's doubles are kept as they are); this file only decides whether a value may be touched,
// and prints cents.

/** The largest amount the system accepts, in dollars: 1e12, far above any real wallet, far below
 * where a double loses cents. Infinity and typing accidents stop here. */
export const MAX_MONEY = 1e12;

/** Of every wallet. */
export const WALLET_CURRENCY = 'USD';

/** Money is a finite number between 0 and 1e12. A string, NaN, a negative value or null is not. */
export function isMoney(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= MAX_MONEY;
}

/** An amount that a person entered, as integer cents; undefined unless it is money above 0 with at most two
 * decimals. Nothing is rounded: what is not a whole number of cents is refused. */
export function parseMinor(dollars: number): number | undefined {
  if (!isMoney(dollars) || dollars === 0) return undefined;
  const amountMinor = Math.round(dollars * 100);
  return amountMinor / 100 === dollars ? amountMinor : undefined;
}

/** Cents as decimal text for the database: `1105.00`. Not for negative amounts. */
export function minorText(amountMinor: number): string {
  return formatMinor(amountMinor).slice(1);
}

/** Cents as dollars with two decimals and the sign the platform uses: `-$4.10`, `+$25.50`, `$0.00`. */
export function formatMinor(amountMinor: number, sign: 'always' | 'negative' = 'negative'): string {
  const abs = Math.abs(amountMinor);
  const dollars = Math.trunc(abs / 100);
  const cents = String(abs % 100).padStart(2, '0');
  const mark = amountMinor < 0 ? '-' : sign === 'always' ? '+' : '';
  return `${mark}$${dollars}.${cents}`;
}
