// One bot: its money, its state in each source, and its deletion.

import { directionOf, money, signedMoney } from '../shared/money.js';
import { Ago } from '../shared/time.js';
import { html, useState } from '../shared/view.js';
import { DeleteDialog } from './delete-dialog.js';

/** @typedef {import('./portfolio.js').BotView} BotView */

/** @param {{ bot: BotView, currency: string, onJob: import('./use-jobs.js').AddJob }} props */
export function BotCard({ bot, currency, onJob }) {
  const [isOpen, setOpen] = useState(false);
  const { label, tone, sentence } = bot.description;
  const name = bot.botName ?? bot.instanceId;
  const canDelete = bot.verdict !== 'busy' && bot.verdict !== 'nothing';
  return html`
    <li class=${`card bot ${tone}`} data-bot=${bot.instanceId}>
      <div class="row spread">
        <h3>${name}</h3>
        <span class=${`badge ${tone}`}>${label}</span>
      </div>
      <${Amount} allocation=${bot.allocation} currency=${currency} />
      <ul class="sources" aria-label="State in each source">
        <${Source} name="Wallet" status=${bot.allocation.status} />
        <${Source} name="Pool" status=${bot.poolState.status} />
        <${Source} name="Docker" status=${bot.docker.status} />
      </ul>
      ${sentence !== null && html`<p class="soft" data-testid="sentence">${sentence}</p>`}
      ${bot.health !== null && html`<p class="soft tiny">Process last observed <${Ago} at=${bot.health.observedAt} /></p>`}
      ${canDelete && html`<button class="danger" aria-label=${`Delete ${name}`} onClick=${() => setOpen(true)}>Delete…</button>`}
      ${isOpen && html`<${DeleteDialog} bot=${bot} name=${name} currency=${currency} onJob=${onJob} onClose=${() => setOpen(false)} />`}
    </li>
  `;
}

/** @param {{ allocation: BotView['allocation'], currency: string }} props */
function Amount({ allocation, currency }) {
  if (allocation.status === 'absent') return html`<p class="amount">no money in it</p>`;
  const { worth, allocatedAmount } = allocation;
  if (worth === null) return html`<p class="amount">no amount</p>`;
  // One subtraction for display; what is paid, the database works out in decimals.
  const gain =
    typeof allocatedAmount === 'number' ? Math.round((worth - allocatedAmount) * 100) / 100 : null;
  return html`
    <p class="amount">
      ${money(worth, currency)}
      ${gain !== null && html` <span class=${`delta ${directionOf(gain)}`}>${signedMoney(gain, currency)}</span>`}
    </p>
  `;
}

const ANSWERS = { present: 'has it', absent: 'does not have it', unknown: 'did not answer' };

/** @param {{ name: string, status: 'present' | 'absent' | 'unknown' }} props */
function Source({ name, status }) {
  return html`
    <li class=${status}><span class="dot" aria-hidden="true"></span>${name}<span class="unseen"> ${ANSWERS[status]}</span></li>
  `;
}
