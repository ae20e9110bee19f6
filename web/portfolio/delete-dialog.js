// Before a bot is deleted: what will be removed, what comes back, and what cannot be taken back.

import { call } from '../shared/api.js';
import { Dialog } from '../shared/dialog.js';
import { money } from '../shared/money.js';
import { toError } from '../shared/to-error.js';
import { Trouble } from '../shared/trouble.js';
import { html, useState } from '../shared/view.js';
import { worthOf } from './bot-state.js';

/** @typedef {import('./portfolio.js').BotView} BotView */

/**
 * @param {{ bot: BotView, name: string, currency: string, onClose: () => void,
 *   onJob: import('./use-jobs.js').AddJob }} props
 */
export function DeleteDialog({ bot, name, currency, onClose, onJob }) {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState(/** @type {Error | null} */ (null));
  const confirm = async () => {
    setBusy(true);
    setProblem(null);
    try {
      const { jobId } = await call('DELETE', `/bots/${encodeURIComponent(bot.instanceId)}`);
      onJob({ jobId, name });
      onClose();
    } catch (error) {
      setProblem(toError(error));
      setBusy(false);
    }
  };
  return html`
    <${Dialog} title=${`Delete ${name}?`} onClose=${onClose}>
      <ul class="effects">
        ${removed(bot).map((line) => html`<li key=${line}>${line}</li>`)}
      </ul>
      <p>${returned(bot.allocation, currency)}</p>
      <p class="soft">You can cancel until the money is on its way. The bot's own data is kept.</p>
      <${Trouble} problem=${problem} />
      <div class="row end">
        <button onClick=${onClose} disabled=${isBusy}>Keep it</button>
        <button class="danger solid" onClick=${confirm} disabled=${isBusy} aria-busy=${isBusy}>
          ${isBusy ? 'Deleting …' : 'Delete the bot'}
        </button>
      </div>
    </${Dialog}>
  `;
}

/** @param {BotView} bot */
function removed({ docker, poolState, instanceId }) {
  const lines = [];
  if (docker.status === 'present') {
    lines.push(
      docker.kind === 'pooled'
        ? `Its program${docker.containerName === null ? '' : ` in ${docker.containerName}`} is stopped and removed; the others there keep running.`
        : `Its container ${docker.containerName ?? ''} is stopped and removed.`,
    );
  }
  if (docker.status === 'unknown')
    lines.push('Docker does not answer: its process is stopped as soon as it does.');
  if (docker.status === 'absent') lines.push(`No process of ${instanceId} exists any more.`);
  if (poolState.status === 'present')
    lines.push(`Its slot in the pool ${poolState.poolId ?? ''} is released.`);
  return lines;
}

/** @param {BotView['allocation']} allocation @param {string} currency */
function returned(allocation, currency) {
  if (allocation.status === 'absent') return 'It holds no money, so none comes back.';
  const value = worthOf(allocation);
  if (value === null)
    return 'Its amount in your wallet cannot be paid: an operator will have to check it.';
  if (value === 0) return 'It is worth nothing at the moment, so nothing comes back.';
  return html`<strong>${money(value, currency)}</strong> come back to your wallet, or what the bot is worth at that moment.`;
}
