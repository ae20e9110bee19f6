// The observed state of each source, beside the state that the log expects. A source that does not answer is unknown,
// with its reason, and never "nothing" (I4).

import { Ago } from '../shared/time.js';
import { Trouble } from '../shared/trouble.js';
import { html } from '../shared/view.js';

/** @typedef {import('../../src/operations/observed-state.ts').ObservedState} World */
/** @typedef {World['sources'][number]} Source */

/** @type {Record<string, string>} */
const NAMES = {
  wallet: 'Wallet',
  'pool-state': 'Pool state',
  docker: 'Docker',
  tombstone: 'Tombstone',
  ledger: 'Ledger',
};

/** @param {{ world: import('./use-on-demand.js').OnDemand<World> }} props */
export function WorldPanel({ world: { value, atMs, problem, isBusy, ask } }) {
  return html`
    <section class="card world" aria-labelledby="world-title" data-testid="world" data-busy=${isBusy}>
      <div class="row spread">
        <h2 id="world-title">
          Observed state <span class="soft">${atMs !== null && html`observed <${Ago} at=${atMs} />`}</span>
        </h2>
        <button onClick=${ask} disabled=${isBusy}>${isBusy ? 'Observing …' : 'Observe again'}</button>
      </div>
      <${Trouble} problem=${problem} what="The sources could not be observed." />
      ${value === null && problem === null && html`<p class="soft" aria-busy="true">Observing every source …</p>`}
      ${value?.bot === null && html`<p class="soft">This saga is about no single bot: there is nothing to observe.</p>`}
      ${value !== null && value.bot !== null && html`<${Table} sources=${value.sources} />`}
      ${value !== null && value.bot !== null && html`<p class="soft">Observed again when you choose a verb.</p>`}
    </section>
  `;
}

/** @param {{ sources: readonly Source[] }} props */
function Table({ sources }) {
  return html`
    <table class="sources-table">
      <thead><tr><th scope="col">Source</th><th scope="col">Observed</th><th scope="col">Expected by the log</th></tr></thead>
      <tbody>
        ${sources.map(
          ({ source, status, observed, expected, tookMs }) => html`
            <tr key=${source} data-source=${source} data-status=${status}>
              <th scope="row">${NAMES[source] ?? source}<span class="soft tiny block">${tookMs} ms</span></th>
              <td>${status === 'unknown' && html`<span class="badge">unknown</span> `}${observed}</td>
              <td class=${expected === null ? 'soft' : ''}>${expected ?? 'nothing'}</td>
            </tr>
          `,
        )}
      </tbody>
    </table>
  `;
}
