// Amounts as people read them: currency, two decimals, a real minus. Nothing is added up here: sums come from the
// server, where the database makes them in decimals.

/** @param {number | null | undefined} amount dollars @param {string} [currency] */
export function money(amount, currency = 'USD') {
  if (amount === null || amount === undefined) return 'not known';
  return formatOf(currency)(amount).replace('-', '−');
}

/** With its sign, a gain with a plus. @param {number | null | undefined} amount @param {string} [currency] */
export function signedMoney(amount, currency = 'USD') {
  if (amount === null || amount === undefined) return 'not known';
  if (Math.abs(amount) < HALF_A_CENT) return `±${money(0, currency)}`;
  return amount > 0 ? `+${money(amount, currency)}` : money(amount, currency);
}

/** @param {number | null | undefined} minor cents @param {string} [currency] */
export function moneyOfMinor(minor, currency = 'USD') {
  return money(minor === null || minor === undefined ? null : minor / 100, currency);
}

/** For the axis of a chart: whole amounts short, large ones shorter. @param {number} minor cents */
export function axisMoneyOfMinor(minor) {
  return AXIS.format(minor / 100);
}

const AXIS = new Intl.NumberFormat('en-US', {
  style: 'currency',
  currency: 'USD',
  notation: 'compact',
  maximumFractionDigits: 2,
});

/** @param {number} amount @returns {'up' | 'down' | 'even'} */
export function directionOf(amount) {
  if (Math.abs(amount) < HALF_A_CENT) return 'even';
  return amount > 0 ? 'up' : 'down';
}

const HALF_A_CENT = 0.005;

/** @typedef {(amount: number) => string} Format */
/** @type {Map<string, Format>} */
const formats = new Map();

/** @param {string} currency */
function formatOf(currency) {
  const known = formats.get(currency);
  if (known !== undefined) return known;
  const made = makeFormat(currency);
  formats.set(currency, made);
  return made;
}

// What the platform has written need not be the code of a currency: the amount is shown all the same, with it.
/** @param {string} currency @returns {Format} */
function makeFormat(currency) {
  try {
    const format = new Intl.NumberFormat('en-US', {
      ...NO_MINUS_ZERO,
      style: 'currency',
      currency,
    });
    return (amount) => format.format(amount);
  } catch {
    const decimals = { minimumFractionDigits: 2, maximumFractionDigits: 2 };
    const format = new Intl.NumberFormat('en-US', { ...NO_MINUS_ZERO, ...decimals });
    return (amount) => `${format.format(amount)} ${currency}`.trim();
  }
}

const NO_MINUS_ZERO = /** @type {const} */ ({ signDisplay: 'negative' });
