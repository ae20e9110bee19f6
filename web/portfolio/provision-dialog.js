// A new bot: its name and how much money it gets. However often it is sent, one bot is made.

import { call } from '../shared/api.js';
import { Dialog } from '../shared/dialog.js';
import { money } from '../shared/money.js';
import { toError } from '../shared/to-error.js';
import { Trouble } from '../shared/trouble.js';
import { html, useRef, useState } from '../shared/view.js';

/**
 * @param {{ wallet: import('./portfolio.js').WalletView, onClose: () => void,
 *   onJob: import('./use-jobs.js').AddJob }} props
 */
export function ProvisionDialog({ wallet: { balance, currency }, onClose, onJob }) {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState(/** @type {Error | null} */ (null));
  const key = useRef({ key: '', body: '' });
  const submit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
    const body = {
      botName: String(form.get('botName')).trim(),
      allocatedAmount: Number(form.get('amount')),
    };
    setBusy(true);
    setProblem(null);
    try {
      const headers = { 'idempotency-key': keyFor(key.current, JSON.stringify(body)) };
      const { jobId } = await call('POST', '/provision', { body, headers });
      onJob({ jobId, name: body.botName });
      onClose();
    } catch (error) {
      setProblem(toError(error));
      setBusy(false);
    }
  };
  return html`
    <${Dialog} title="New bot" onClose=${onClose}>
      <form onSubmit=${submit}>
        <label>Name <input name="botName" required maxlength="64" autocomplete="off" /></label>
        <label>
          Money for it
          <input name="amount" type="number" inputmode="decimal" min="0.01" max=${balance} step="0.01" required
            aria-describedby="amount-help" />
        </label>
        <p id="amount-help" class="soft">You have ${money(balance, currency)}. If the bot cannot be started, all of it comes back.</p>
        <${Trouble} problem=${problem} />
        <div class="row end">
          <button type="button" onClick=${onClose} disabled=${isBusy}>Not now</button>
          <button class="primary" disabled=${isBusy} aria-busy=${isBusy}>${isBusy ? 'Starting …' : 'Start the bot'}</button>
        </div>
      </form>
    </${Dialog}>
  `;
}

// The same request sent again is the same bot; another name or amount is another request.
/** @param {{ key: string, body: string }} last @param {string} body */
function keyFor(last, body) {
  if (last.body !== body) last.key = newKey();
  last.body = body;
  return last.key;
}

// `randomUUID` is only there over TLS and on loopback.
function newKey() {
  return [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join('-');
}
