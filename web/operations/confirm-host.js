// An operator's word that a host which holds nothing is meant to hold nothing.

import { call } from '../shared/api.js';
import { Dialog } from '../shared/dialog.js';
import { html } from '../shared/view.js';
import { ReasonForm } from './reason-form.js';

/** @param {{ source: import('./sources.js').Source, onClose: () => void, onMoved: () => void }} props */
export function ConfirmHost({ source: { name, toConfirm }, onClose, onMoved }) {
  const confirm = async (/** @type {import('./reason-form.js').Fields} */ fields) => {
    const path = `/admin/hosts/${encodeURIComponent(name)}/confirm`;
    await call('POST', path, { body: { reason: fields('reason') } });
    onMoved();
  };
  return html`
    <${Dialog} title=${`Is ${name} empty?`} onClose=${onClose}>
      <p>${toConfirm}</p>
      <ul class="effects">
        <li>From then on “no container” of this host counts as evidence.</li>
        <li>Bots that were there count as gone: their money comes back with the next synchronisation.</li>
      </ul>
      <${ReasonForm} action="It is empty" isDangerous=${true} onClose=${onClose} onSubmit=${confirm} />
    </${Dialog}>
  `;
}
