// What each source says this moment, beside what the log believes. A source that does not answer is unknown, with its
// reason, and never "nothing" (I4).

import { Ago } from '../shared/time.js';
import { Trouble } from '../shared/trouble.js';
import { html } from '../shared/view.js';

/** @typedef {import('../../src/api/schemas/sagas.ts').WorldView} World */
/** @typedef {World['sources'][number]} Source */

/** @type {Record<string, string>} */
const NAMES = {
  wallet: 'Wallet',
  'pool-state': 'Pool state',
  docker: 'Docker',
  tombstone: 'Tombstone',
  ledger: 'Ledger',
};

/** @param {{ world: import('./use-asked.js').Asked<World> }} props */
export function WorldPanel({ world: { value, atMs, problem, isBusy, ask } }) {
  return html`
    <section class="card world" aria-labelledby="world-title" data-testid="world" data-busy=${isBusy}>
      <div class="row spread">
        <h2 id="world-title">
          World now <span class="soft">${atMs !== null && html`asked <${Ago} at=${atMs} />`}</span>
        </h2>
        <button onClick=${ask} disabled=${isBusy}>${isBusy ? 'Asking …' : 'Ask again'}</button>
      </div>
      <${Trouble} problem=${problem} what="The sources could not be asked." />
      ${value === null && problem === null && html`<p class="soft" aria-busy="true">Asking every source …</p>`}
      ${value?.bot === null && html`<p class="soft">This saga is about no single bot: there is nothing to look at.</p>`}
      ${value !== null && value.bot !== null && html`<${Table} sources=${value.sources} />`}
      ${value !== null && value.bot !== null && html`<p class="soft">Asked again when you choose a verb.</p>`}
    </section>
  `;
}

/** @param {{ sources: readonly Source[] }} props */
function Table({ sources }) {
  return html`
    <table class="sources-table">
      <thead><tr><th scope="col">Source</th><th scope="col">Says</th><th scope="col">Log believes</th></tr></thead>
      <tbody>
        ${sources.map(
          ({ source, status, says, believed, tookMs }) => html`
            <tr key=${source} data-source=${source} data-status=${status}>
              <th scope="row">${NAMES[source] ?? source}<span class="soft tiny block">${tookMs} ms</span></th>
              <td>${status === 'unknown' && html`<span class="badge">unknown</span> `}${says}</td>
              <td class=${believed === null ? 'soft' : ''}>${believed ?? 'nothing'}</td>
            </tr>
          `,
        )}
      </tbody>
    </table>
  `;
}
