// What a synchronisation found, or would do: which bots' money came back, what was left alone and why.

import { money, signedMoney } from '../shared/money.js';
import { Trouble } from '../shared/trouble.js';
import { html } from '../shared/view.js';

/** @typedef {import('./sync.js').SyncData} SyncData */

/** @typedef {import('./portfolio.js').BotView} BotView */

/** @param {{ sync: ReturnType<typeof import('./sync.js').useSync>, bots: BotView[], currency: string }} props */
export function SyncReport({ sync: { view, close, start }, bots, currency }) {
  if (view.kind === 'none') return null;
  return html`
    <section class="card report" aria-live="polite" aria-label="Sync Wallet" data-testid="sync-report">
      ${
        view.kind === 'checking' &&
        html`<p aria-busy="true">Checking your wallet, the pools and Docker twice …</p>`
      }
      ${view.kind === 'failed' && html`<${Trouble} problem=${view.problem} what=${view.what} />`}
      ${view.kind === 'stuck' && html`<p class="notice bad">It waits for an operator (job ${view.jobId}).</p>`}
      ${view.kind === 'found' && html`<${Found} data=${view.data} isRehearsal=${view.isRehearsal} bots=${bots} currency=${currency} />`}
      ${
        view.kind !== 'checking' &&
        html`
        <div class="row end">
          ${
            view.kind === 'found' &&
            view.isRehearsal &&
            view.data.cleanedBots.length > 0 &&
            html`<button class="primary" onClick=${start}>Sync Wallet</button>`
          }
          <button onClick=${close}>Close</button>
        </div>
      `
      }
    </section>
  `;
}

/** @param {{ data: SyncData, isRehearsal: boolean, bots: BotView[], currency: string }} props */
function Found({ data, isRehearsal, bots, currency }) {
  const { cleanedBots, totalReturned, newWalletBalance, skipped, validAllocations, runningBots } =
    data;
  const count = cleanedBots.length;
  const names = new Map(bots.map(({ instanceId, botName }) => [instanceId, botName]));
  return html`
    <h2>${headline(count, skipped.length, isRehearsal)}</h2>
    ${
      count > 0 &&
      html`
      <p>
        <strong>${money(totalReturned, currency)}</strong> ${isRehearsal ? 'would come back' : 'came back'}; your balance
        ${isRehearsal ? ' would be ' : ' is '}<strong>${money(newWalletBalance, currency)}</strong>.
      </p>
      <ul class="lines">
        ${cleanedBots.map(
          (bot) => html`
            <li key=${bot.botId}>
              <span>${bot.botName}</span>
              <span>${money(bot.returned, currency)} <span class="soft">(${signedMoney(bot.pnl, currency)})</span></span>
            </li>
          `,
        )}
      </ul>
    `
    }
    <p class="soft">
      ${validAllocations.length} ${validAllocations.length === 1 ? 'allocation has its bot' : 'allocations have their bots'}, ${runningBots.length} running.
    </p>
    ${
      skipped.length > 0 &&
      html`
      <h3>Left alone</h3>
      <ul class="lines">
        ${skipped.map(({ botId, reason }) => html`<li key=${botId}><span>${names.get(botId) ?? botId}</span><span class="soft">${REASONS[reason] ?? reason}</span></li>`)}
      </ul>
    `
    }
  `;
}

/** @param {number} count @param {number} left @param {boolean} isRehearsal */
function headline(count, left, isRehearsal) {
  if (count === 0 && left > 0) return `Nothing to clean up, and ${left} left alone`;
  if (count === 0) return 'Your wallet is in sync with your bots';
  const bots = `${count} orphaned ${count === 1 ? 'bot' : 'bots'}`;
  return isRehearsal ? `${bots} would be cleaned up` : `${bots} cleaned up`;
}

/** @type {Record<string, string>} */
const REASONS = {
  unknown: 'a source did not answer',
  'open-saga': 'it is being worked on',
  pending: 'it is still being started',
  changed: 'it changed between the two checks',
  settled: 'it was paid back before; an operator decides',
  'not-money': 'its amount cannot be paid; an operator has to check it',
  'seen-again': 'it was there at the last check',
  stuck: 'it waits for an operator',
  suspected: 'it is checked again in a minute',
  'pool-unknown': 'its pool is not known',
  'port-unknown': 'its port cannot be read',
  'port-taken': 'another bot has its port',
  'pool-full': 'its pool has no free slot',
  'not-a-bot-id': 'its id is not that of a bot',
};
