// Decimal text as whole numbers, for comparing and adding up what the database has written as Decimal128:
// an audit to the last decimal (I11) cannot use doubles. Money is not made here: nothing that this file
// computes is ever written to a wallet.

/** A decimal in steps of 10⁻³⁰: thirty digits are twice what a double of a wallet can hold. Sums and
 * differences are taken with `+` and `-`, which are exact. */
export type Exact = bigint;

const PLACES = 30;
const ONE = 10n ** BigInt(PLACES);
const CENT = ONE / 100n;

/** What is left of a difference after doubles have rounded it is far below this; a cent never is. */
const MOST_ROUNDING: Exact = (CENT * 2n) / 5n;
/** The digits that the database keeps when it makes a decimal of a double. */
const KEPT_DIGITS = 15;
/** Beyond these exponents a text is no amount of anything. */
const MAX_EXPONENT = 40;

/** Reads what `Decimal128` prints, exponents included; digits beyond the thirtieth are cut.
 * Undefined for anything that is not a finite decimal. */
export function parseExact(text: string): Exact | undefined {
  const [, sign, whole, fraction = '', power = '0'] =
    /^(-?)(\d{1,40})(?:\.(\d{1,40}))?(?:E([+-]?\d{1,4}))?$/i.exec(text) ?? [];
  if (whole === undefined || Number(power) > MAX_EXPONENT) return undefined;
  const shift = PLACES + Number(power) - fraction.length;
  const digits = BigInt(whole + fraction);
  const steps = shift >= 0 ? digits * 10n ** BigInt(shift) : digits / 10n ** BigInt(-shift);
  return sign === '-' ? -steps : steps;
}

/** Integer cents, e.g. a ledger entry's `amountMinor`. */
export function exactFromMinor(amountMinor: number): Exact {
  return BigInt(amountMinor) * CENT;
}

/** Plain digits without needless zeros: `-4.1`, `0`, `18436`. */
export function printExact(value: Exact): string {
  const digits = String(absolute(value)).padStart(PLACES + 1, '0');
  const whole = digits.slice(0, -PLACES);
  const fraction = withoutEndZeros(digits.slice(-PLACES));
  const sign = value < 0n ? '-' : '';
  return fraction === '' ? `${sign}${whole}` : `${sign}${whole}.${fraction}`;
}

function withoutEndZeros(digits: string): string {
  let end = digits.length;
  while (digits[end - 1] === '0') end -= 1;
  return digits.slice(0, end);
}

export function absolute(value: Exact): Exact {
  return value < 0n ? -value : value;
}

/** What `changes` additions in doubles can lose or gain by rounding, the largest amount among them given:
 * one step of the fifteenth digit each, and never as much as half a cent. */
export function roundingOf(changes: number, largest: Exact): Exact {
  const wholeDigits = String(absolute(largest) / ONE).length;
  const exponent = PLACES + wholeDigits - KEPT_DIGITS;
  const rounding = BigInt(changes + 2) * 10n ** BigInt(Math.max(0, exponent));
  return rounding < MOST_ROUNDING ? rounding : MOST_ROUNDING;
}
