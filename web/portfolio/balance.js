// What the user has, and what can be done with it: synchronise, or start a new bot.

import { money } from '../shared/money.js';
import { Ago } from '../shared/time.js';
import { html, useState } from '../shared/view.js';
import { ProvisionDialog } from './provision-dialog.js';

/** @typedef {import('./portfolio.js').BotView} BotView */
/** @typedef {import('./portfolio.js').WalletView} WalletView */

/**
 * @param {{
 *   wallet: WalletView | null,
 *   bots: import('../shared/polled.js').Polled<BotView[]>,
 *   sync: ReturnType<typeof import('./sync.js').useSync>,
 *   canProvision: boolean,
 *   onJob: import('./use-jobs.js').AddJob,
 * }} props
 */
export function Balance({ wallet, bots, sync, canProvision, onJob }) {
  const [isOpening, setOpening] = useState(false);
  return html`
    <section class="card balance" aria-labelledby="balance-title">
      <h2 id="balance-title" class="small">Balance</h2>
      ${wallet === null ? html`<p class="sum" aria-busy="true">…</p>` : html`<${Sum} wallet=${wallet} />`}
      <div class="row">
        <button class="primary" onClick=${sync.start} disabled=${sync.isBusy} aria-busy=${sync.isBusy}>
          <span aria-hidden="true">⟳</span> ${sync.isBusy ? 'Checking …' : 'Sync Wallet'}
        </button>
        ${
          canProvision &&
          html`
          <button onClick=${() => setOpening(true)} disabled=${wallet === null || wallet.balance === null}>
            New bot
          </button>
        `
        }
        <button class="link" onClick=${sync.rehearse} disabled=${sync.isBusy}>What would happen?</button>
      </div>
      ${!canProvision && html`<p class="soft">New bots are started on the trading platform, not here: both would give out the same ports.</p>`}
      <p class="soft"><${Freshness} bots=${bots} /></p>
      <label class="soft check">
        <input type="checkbox" checked=${sync.isAutomatic} onChange=${sync.toggleAutomatic} />
        Check for orphaned money when this page opens
      </label>
      ${isOpening && html`<${ProvisionDialog} wallet=${wallet} onJob=${onJob} onClose=${() => setOpening(false)} />`}
    </section>
  `;
}

/** @param {{ wallet: WalletView }} props */
function Sum({ wallet: { balance, currency, allocations, totals } }) {
  const count = allocations.length;
  return html`
    <p class="sum" data-testid="balance">${money(balance, currency)}</p>
    <p class="soft">
      ${
        balance === null
          ? 'Your account has no wallet with a balance that is money.'
          : `+ ${money(totals.currentValue, currency)} in ${count} ${count === 1 ? 'bot' : 'bots'}`
      }
    </p>
  `;
}

/** @param {{ bots: import('../shared/polled.js').Polled<BotView[]> }} props */
function Freshness({ bots: { value, atMs, problem } }) {
  if (problem !== null)
    return html`<span role="status">The last check failed: ${problem.message}</span>`;
  if (value === null || atMs === null) return html`<span>Checking …</span>`;
  const silent = value.filter(({ docker, poolState }) =>
    [docker.status, poolState.status].includes('unknown'),
  ).length;
  const answered =
    silent === 0 ? 'everything answered' : `${silent} of ${value.length} bots unknown`;
  return html`<span>Last checked <${Ago} at=${atMs} />, ${answered}</span>`;
}
