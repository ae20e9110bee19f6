// Amounts as people read them: currency, two decimals, a real minus. Nothing is added up here: sums come from the
// server, where the database makes them in decimals.

/** @param {number | null | undefined} amount dollars @param {string} [currency] */
export function money(amount, currency = 'USD') {
  if (amount === null || amount === undefined) return 'not known';
  return formatOf(currency).format(amount).replace('-', '−');
}

/** With its sign, a gain with a plus. @param {number | null | undefined} amount @param {string} [currency] */
export function signedMoney(amount, currency = 'USD') {
  if (amount === null || amount === undefined) return 'not known';
  if (amount === 0) return `±${money(0, currency)}`;
  return amount > 0 ? `+${money(amount, currency)}` : money(amount, currency);
}

/** @param {number | null | undefined} minor cents @param {string} [currency] */
export function moneyOfMinor(minor, currency = 'USD') {
  return money(minor === null || minor === undefined ? null : minor / 100, currency);
}

/** @param {number} amount @returns {'up' | 'down' | 'even'} */
export function directionOf(amount) {
  if (amount === 0) return 'even';
  return amount > 0 ? 'up' : 'down';
}

/** @type {Map<string, Intl.NumberFormat>} */
const formats = new Map();

/** @param {string} currency */
function formatOf(currency) {
  const known = formats.get(currency);
  if (known !== undefined) return known;
  const made = new Intl.NumberFormat('en-US', { style: 'currency', currency });
  formats.set(currency, made);
  return made;
}
