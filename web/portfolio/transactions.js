// The history of the wallet, newest first, a page at a time.

import { call } from '../shared/api.js';
import { directionOf, money, signedMoney } from '../shared/money.js';
import { Ago } from '../shared/time.js';
import { toError } from '../shared/to-error.js';
import { Trouble } from '../shared/trouble.js';
import { html, useCallback, useEffect, useRef, useState } from '../shared/view.js';

/** @typedef {any} Transaction as GET /wallet/transactions has it */
/** @typedef {{ rows: Transaction[], nextCursor: string | null }} Page */

const PAGE_SIZE = 20;
/** As many as the server gives at once. */
const MOST = 100;

/** @param {{ moves: number }} props */
export function Transactions({ moves }) {
  const [page, setPage] = useState(/** @type {Page | null} */ (null));
  const [problem, setProblem] = useState(/** @type {Error | null} */ (null));
  const [isBusy, setBusy] = useState(false);
  const asked = useRef(0);

  const load = useCallback(async (/** @type {Page | null} */ before, limit = PAGE_SIZE) => {
    asked.current += 1;
    const turn = asked.current;
    // A page that was requested before money moved is older than one that was requested after.
    const isLate = () => turn !== asked.current;
    setBusy(true);
    try {
      const query = before?.nextCursor ? `&cursor=${encodeURIComponent(before.nextCursor)}` : '';
      const answer = await call('GET', `/wallet/transactions?limit=${limit}${query}`);
      if (isLate()) return;
      setPage({
        rows: [...(before?.rows ?? []), ...answer.transactions],
        nextCursor: answer.nextCursor,
      });
      setProblem(null);
    } catch (error) {
      if (isLate()) return;
      setProblem(toError(error));
    }
    setBusy(false);
  }, []);
  // As much of it as was shown before.
  useEffect(() => {
    void load(null, Math.min(MOST, Math.max(PAGE_SIZE, page?.rows.length ?? 0)));
  }, [moves]);

  return html`
    <section class="card" aria-labelledby="transactions-title">
      <h2 id="transactions-title">Transactions</h2>
      <${Trouble} problem=${problem} what="The history could not be read." onRetry=${() => load(page)} />
      ${page !== null && page.rows.length === 0 && html`<p class="soft">Nothing has moved yet.</p>`}
      ${page !== null && page.rows.length > 0 && html`<${Table} rows=${page.rows} />`}
      ${
        page !== null &&
        page.nextCursor !== null &&
        html`<button onClick=${() => load(page)} disabled=${isBusy}>${isBusy ? 'Loading …' : 'Show older ones'}</button>`
      }
    </section>
  `;
}

/** @param {{ rows: Transaction[] }} props */
function Table({ rows }) {
  return html`
    <table>
      <thead>
        <tr><th scope="col" class="wide">When</th><th scope="col">What</th><th scope="col" class="number">Amount</th><th scope="col" class="number wide">Balance after</th></tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) => html`
            <tr key=${row.opId}>
              <td class="soft wide"><${Ago} at=${row.at} /></td>
              <td><span class="soft narrow"><${Ago} at=${row.at} /></span><${What} row=${row} /></td>
              <td class=${`number ${row.amount === null ? '' : `delta ${directionOf(row.amount)}`}`}>
                ${signedMoney(row.amount, row.currency)}
              </td>
              <td class="number wide">${row.balanceAfter === null ? '' : money(row.balanceAfter, row.currency)}</td>
            </tr>
          `,
        )}
      </tbody>
    </table>
  `;
}

// A description of the platform need not name its bot.
/** @param {{ row: Transaction }} props */
function What({ row: { description, type, botName, botId } }) {
  const text = capital(description || type);
  const bot = botName || botId;
  const isNamed = bot === '' || text.includes(bot);
  return html`${text}${!isNamed && html` <span class="soft block">${bot}</span>`}`;
}

/** @param {string} text */
function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
