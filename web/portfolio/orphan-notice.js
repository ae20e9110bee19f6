// Money that is locked up by a bot that exists nowhere, told before anything else.

import { money } from '../shared/money.js';
import { html } from '../shared/view.js';

/** @param {{ bots: import('./portfolio.js').BotView[], onAsk: () => void }} props */
export function OrphanNotice({ bots, onAsk }) {
  const orphans = bots.filter(({ verdict, allocation }) => {
    return verdict === 'orphan' && allocation.status === 'present' && allocation.jobId === null;
  });
  const [first] = orphans;
  if (first === undefined) return null;
  return html`
    <p class="notice warn" data-testid="orphans">
      ${
        orphans.length === 1
          ? html`<strong>1 bot holds money but exists nowhere.</strong> ${describe(first)}`
          : html`<strong>${orphans.length} bots hold money but exist nowhere.</strong> Sync Wallet looks twice and
            returns it.`
      }
      ${' '}<button class="link" onClick=${onAsk}>What would happen?</button>
    </p>
  `;
}

/** @param {import('./portfolio.js').BotView} bot */
function describe({ instanceId, botName, allocation }) {
  const value = allocation.status === 'present' ? allocation.currentValue : null;
  const amount = typeof value === 'number' ? html`<strong>${money(value)}</strong>` : 'its money';
  return html`${botName ?? instanceId} is in your wallet, and Docker has no such bot. Sync Wallet would return
  ${' '}${amount}.`;
}
