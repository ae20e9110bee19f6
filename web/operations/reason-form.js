// The form under every decision: it cannot be sent without a reason, because the reason stays in the audit trail.

import { Trouble } from '../shared/trouble.js';
import { html } from '../shared/view.js';
import { useOrder } from './use-order.js';

/** @typedef {(name: string) => string} Fields */

/**
 * @param {{
 *   action: string,
 *   isDangerous?: boolean,
 *   isReady?: boolean,
 *   onClose: () => void,
 *   onSubmit: (fields: Fields) => Promise<void>,
 *   children?: import('../shared/view.js').Children,
 * }} props
 */
export function ReasonForm({
  action,
  isDangerous = false,
  isReady = true,
  onClose,
  onSubmit,
  children,
}) {
  const { isBusy, problem, send } = useOrder();
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
    const fields = (/** @type {string} */ name) => String(form.get(name) ?? '').trim();
    void send(async () => {
      await onSubmit(fields);
      onClose();
    });
  };
  return html`
    <form onSubmit=${submit} data-testid="reason-form">
      ${children}
      <label>
        Reason
        <textarea name="reason" rows="2" required maxlength="500" onInput=${refuseBlank} placeholder="Why; it stays in the audit trail"></textarea>
      </label>
      <${Trouble} problem=${problem} />
      <div class="row end">
        <button type="button" onClick=${onClose} disabled=${isBusy}>Not now</button>
        <button class=${isDangerous ? 'danger solid' : 'primary'} disabled=${isBusy || !isReady} aria-busy=${isBusy}>
          ${isBusy ? 'Ordering …' : action}
        </button>
      </div>
    </form>
  `;
}

/** White space is no reason; the browser itself reports an empty field. @param {any} event */
export function refuseBlank({ target }) {
  const isBlank = target.value !== '' && target.value.trim() === '';
  target.setCustomValidity(isBlank ? 'Please enter a reason in words.' : '');
}
