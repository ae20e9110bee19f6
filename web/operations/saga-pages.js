// The sagas that a filter lets through, page by page. What is shown is read again as a whole, so that no saga falls
// between two pages that were true at different moments.

import { call } from '../shared/api.js';
import { usePolled } from '../shared/polled.js';
import { Trouble } from '../shared/trouble.js';
import { html, useState } from '../shared/view.js';
import { SagaRow } from './saga-row.js';

/** @typedef {import('./saga-words.js').Saga} Saga */
/** @typedef {import('./saga-list.js').Filter} Filter */

const EVERY_MS = 5_000;
const PAGE = 15;
/** The most that the server gives at once. */
const MAX_PAGE = 100;

/** @param {{ filter: Filter, moves: number, selected: string | null, onSelect: (id: string) => void }} props */
export function SagaPages({ filter, moves, selected, onSelect }) {
  const [wanted, setWanted] = useState(PAGE);
  const load = (/** @type {AbortSignal} */ signal) => loadSagas(filter, wanted, signal);
  const { value, problem, refresh } = usePolled(load, EVERY_MS, [moves, wanted]);
  const isFiltered = filter.q !== '' || filter.state !== '' || filter.kind !== '';
  return html`
    <${Trouble} problem=${problem} what="The sagas could not be read again." onRetry=${refresh} />
    ${value === null && problem === null && html`<p class="soft" aria-busy="true">Reading the log …</p>`}
    ${value?.sagas.length === 0 && html`<p class="soft" data-testid="no-sagas">${isFiltered ? 'No saga is like that.' : 'There are no sagas yet.'}</p>`}
    <ul class="rows">
      ${value?.sagas.map((saga) => html`<${SagaRow} key=${saga.jobId} saga=${saga} isSelected=${saga.jobId === selected} onSelect=${onSelect} />`)}
    </ul>
    ${
      value?.hasMore === true &&
      html`
      <button onClick=${() => setWanted((count) => count + PAGE)} disabled=${value.sagas.length < wanted}>
        Show older ones
      </button>
    `
    }
  `;
}

/**
 * @param {Filter} filter @param {number} wanted @param {AbortSignal} signal
 * @returns {Promise<{ sagas: Saga[], hasMore: boolean }>}
 */
async function loadSagas({ state, kind, q }, wanted, signal) {
  /** @type {Saga[]} */
  const sagas = [];
  /** @type {string | null} */
  let cursor = '';
  while (cursor !== null && sagas.length < wanted) {
    const limit = Math.min(MAX_PAGE, wanted - sagas.length);
    const query = new URLSearchParams({ order: 'urgency', limit: String(limit) });
    for (const [name, value] of Object.entries({ state, kind, q, cursor })) {
      if (value !== '') query.set(name, value);
    }
    const page = await call('GET', `/admin/sagas?${query}`, { signal });
    sagas.push(...page.sagas);
    cursor = page.nextCursor;
  }
  return { sagas, hasMore: cursor !== null };
}
