// All sagas, those that need an operator first, by state and kind and by a search text.

import { html, useState } from '../shared/view.js';
import { SagaPages } from './saga-pages.js';
import { capital, KINDS, STATES } from './saga-words.js';

/** @typedef {{ state: string, kind: string, q: string }} Filter */

/** @param {{ moves: number, selected: string | null, onSelect: (id: string) => void }} props */
export function SagaList({ moves, selected, onSelect }) {
  const [filter, setFilter] = useState(/** @type {Filter} */ ({ state: '', kind: '', q: '' }));
  const choose = (/** @type {Partial<Filter>} */ part) =>
    setFilter((last) => ({ ...last, ...part }));
  return html`
    <section class="card sagas" aria-labelledby="sagas-title" data-testid="sagas">
      <h2 id="sagas-title">Sagas <span class="soft">stuck first</span></h2>
      <${Filters} filter=${filter} onChoose=${choose} />
      <${SagaPages} key=${JSON.stringify(filter)} filter=${filter} moves=${moves} selected=${selected} onSelect=${onSelect} />
    </section>
  `;
}

/** @param {{ filter: Filter, onChoose: (part: Partial<Filter>) => void }} props */
function Filters({ filter, onChoose }) {
  const search = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
    onChoose({ q: String(form.get('q') ?? '').trim() });
  };
  // The cross in the field, and an emptied one, end the search without another key.
  const whenEmptied = (/** @type {any} */ { target }) => {
    if (target.value === '') onChoose({ q: '' });
  };
  return html`
    <form class="filters" role="search" onSubmit=${search}>
      <label class="whole">
        <span class="unseen">Saga, bot or user, exactly</span>
        <input type="search" name="q" placeholder="Saga, bot or user" maxlength="128" onInput=${whenEmptied} />
      </label>
      <${Choice} label="State" any="Any state" values=${STATES} chosen=${filter.state}
        onChoose=${(/** @type {string} */ state) => onChoose({ state })} />
      <${Choice} label="Kind" any="Any kind" values=${KINDS} chosen=${filter.kind}
        onChoose=${(/** @type {string} */ kind) => onChoose({ kind })} />
      <button class="unseen-until-focus">Search</button>
    </form>
  `;
}

/** @param {{ label: string, any: string, values: readonly string[], chosen: string, onChoose: (value: string) => void }} props */
function Choice({ label, any, values, chosen, onChoose }) {
  return html`
    <label>
      <span class="unseen">${label}</span>
      <select value=${chosen} onChange=${(/** @type {any} */ event) => onChoose(event.target.value)}>
        <option value="">${any}</option>
        ${values.map((value) => html`<option key=${value} value=${value}>${capital(value)}</option>`)}
      </select>
    </label>
  `;
}
