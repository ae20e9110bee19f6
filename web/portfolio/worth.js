// What would come back for a bot, by the rule of the server: what it is worth now, what was put into it where nobody
// has written a worth, and nothing that anybody could say where that is no amount of money.

/** The server's bound, in dollars. */
const MAX_MONEY = 1e12;

/** @param {import('./portfolio.js').BotView['allocation']} allocation @returns {number | null} null: no money, or none
 * that is a number */
export function worthOf(allocation) {
  if (allocation.status === 'absent') return null;
  const { currentValue, allocatedAmount } = allocation;
  const value = currentValue ?? allocatedAmount;
  return isMoney(value) && isMoney(allocatedAmount) ? value : null;
}

/** @param {unknown} value @returns {value is number} */
function isMoney(value) {
  return typeof value === 'number' && value >= 0 && value <= MAX_MONEY;
}
