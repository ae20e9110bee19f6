// Money that is locked up by a bot that exists nowhere, shown before anything else.

import { money } from '../shared/money.js';
import { html } from '../shared/view.js';
import { worthOf } from './bot-state.js';

/** @param {{ bots: import('./portfolio.js').BotView[], currency: string,
 *   sync: ReturnType<typeof import('./sync.js').useSync> }} props */
export function OrphanNotice({ bots, currency, sync }) {
  // Only money is shown here: a bot that is worth nothing is described on its card.
  const orphans = bots.filter(({ verdict, allocation }) => {
    return verdict === 'orphan' && (worthOf(allocation) ?? 0) > 0;
  });
  const [first] = orphans;
  if (first === undefined) return null;
  return html`
    <p class="notice warn" data-testid="orphans">
      ${
        orphans.length === 1
          ? html`<strong>1 bot holds money but exists nowhere.</strong> ${describe(first, currency)}`
          : html`<strong>${orphans.length} bots hold money but exist nowhere.</strong> Sync Wallet checks twice and
            returns it.`
      }
      ${' '}<button class="link" onClick=${sync.rehearse} disabled=${sync.isBusy}>What would happen?</button>
    </p>
  `;
}

/** @param {import('./portfolio.js').BotView} bot @param {string} currency */
function describe({ instanceId, botName, allocation }, currency) {
  const worth = worthOf(allocation);
  const amount = worth === null ? 'its money' : html`<strong>${money(worth, currency)}</strong>`;
  return html`${botName ?? instanceId} is in your wallet, and Docker has no such bot. Sync Wallet would return
  ${' '}${amount}.`;
}
