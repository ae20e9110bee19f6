// The user's bots, each as the three sources show it. What needs a decision stands first.

import { Trouble } from '../shared/trouble.js';
import { html, useState } from '../shared/view.js';
import { BotCard } from './bot-card.js';
import { urgencyOf } from './bot-state.js';

/** @typedef {import('./portfolio.js').BotView} BotView */

/** From so many on, finding one takes longer than typing its name. */
const SEARCHED_FROM = 9;

/**
 * @param {{
 *   bots: import('../shared/polled.js').Polled<BotView[]>,
 *   currency: string,
 *   canProvision: boolean,
 *   onJob: import('./use-jobs.js').AddJob,
 * }} props
 */
export function Bots({ bots: { value, problem, refresh }, currency, canProvision, onJob }) {
  const [sought, setSought] = useState('');
  const all = value ?? [];
  const shown = all
    .filter((bot) => matches(bot, sought))
    .sort((one, other) => urgencyOf(one) - urgencyOf(other));
  return html`
    <section aria-labelledby="bots-title">
      <div class="row spread">
        <h2 id="bots-title">Bots ${value !== null && html`<span class="soft">${all.length}</span>`}</h2>
        ${
          all.length >= SEARCHED_FROM &&
          html`
          <label class="search">
            <span class="unseen">Find a bot</span>
            <input type="search" placeholder="Find a bot" value=${sought}
              onInput=${(/** @type {any} */ event) => setSought(event.target.value)} />
          </label>
        `
        }
      </div>
      <${Trouble} problem=${problem} what="Your bots could not be refreshed." onRetry=${refresh} />
      ${value === null && problem === null && html`<div class="cards" aria-busy="true"><div class="card ghost" /></div>`}
      ${value !== null && all.length === 0 && html`<p class="card empty">You have no bots. ${canProvision && '“New bot” starts one.'}</p>`}
      ${all.length > 0 && shown.length === 0 && html`<p class="card empty">No bot is called like that.</p>`}
      <ul class="cards">
        ${shown.map((bot) => html`<${BotCard} key=${bot.instanceId} bot=${bot} currency=${currency} onJob=${onJob} />`)}
      </ul>
    </section>
  `;
}

/** @param {BotView} bot @param {string} sought */
function matches({ instanceId, botName }, sought) {
  return `${botName ?? ''} ${instanceId}`.toLowerCase().includes(sought.trim().toLowerCase());
}
