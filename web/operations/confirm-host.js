// An operator's word that a host which holds nothing is meant to hold nothing, or that one which cannot be asked any more is
// gone for good.

import { call } from '../shared/api.js';
import { Dialog } from '../shared/dialog.js';
import { html } from '../shared/view.js';
import { ReasonForm } from './reason-form.js';

/** @param {{ source: import('./sources.js').Source, onClose: () => void, onMoved: () => void }} props */
export function ConfirmHost({ source: { name, status, toConfirm }, onClose, onMoved }) {
  const isGone = status === 'unlisted';
  const confirm = async (/** @type {import('./reason-form.js').Fields} */ fields) => {
    const path = `/admin/hosts/${encodeURIComponent(name)}/confirm`;
    await call('POST', path, { body: { reason: fields('reason'), gone: isGone } });
    onMoved();
  };
  return html`
    <${Dialog} title=${isGone ? `Is ${name} gone for good?` : `Is ${name} empty?`} onClose=${onClose}>
      <p>${toConfirm}</p>
      <ul class="effects">
        <li>${
          isGone
            ? 'This is your decision, and no evidence: it is kept with your name and reason until the host is named again.'
            : 'From then on “no container” of this host counts as evidence.'
        }</li>
        <li>Bots that were there count as gone: their money comes back with the next synchronisation.</li>
      </ul>
      <${ReasonForm} action=${isGone ? 'It is gone for good' : 'It is empty'} isDangerous=${true} onClose=${onClose} onSubmit=${confirm} />
    </${Dialog}>
  `;
}
