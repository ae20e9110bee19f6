// Before a finding is decided: what the decision does, and why it is made.

import { call } from '../shared/api.js';
import { Dialog } from '../shared/dialog.js';
import { html } from '../shared/view.js';
import { actionsOf } from './finding-words.js';
import { ReasonForm } from './reason-form.js';

/**
 * @param {{
 *   finding: import('./findings.js').Finding,
 *   action: import('./findings.js').Action,
 *   onClose: () => void,
 *   onMoved: () => void,
 * }} props
 */
export function FindingDialog({ finding, action, onClose, onMoved }) {
  const { id, instanceId, userId } = finding;
  const words = actionsOf(finding).find((one) => one.action === action);
  const decide = async (/** @type {import('./reason-form.js').Fields} */ fields) => {
    await call('POST', `/admin/findings/${id}/resolve`, {
      body: { action, reason: fields('reason') },
    });
    onMoved();
  };
  const label = words?.label ?? action;
  return html`
    <${Dialog} title=${`${label}: ${instanceId ?? userId}`} onClose=${onClose}>
      <p>${words?.effect}</p>
      <${ReasonForm} action=${label} isDangerous=${action !== 'acknowledge'} onClose=${onClose} onSubmit=${decide} />
    </${Dialog}>
  `;
}
