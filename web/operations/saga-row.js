// One saga in the list: whose bot, in which state, where it stands, with how much money, since when.

import { moneyOfMinor } from '../shared/money.js';
import { duration, useServerNow } from '../shared/time.js';
import { html } from '../shared/view.js';
import { capital, isOpen, subjectOf, toneOf, whereOf } from './saga-words.js';
import { addressOf } from './use-selected.js';

/** @typedef {import('./saga-words.js').Saga} Saga */

/** @param {{ saga: Saga, isSelected: boolean, onSelect: (id: string) => void }} props */
export function SagaRow({ saga, isSelected, onSelect }) {
  const { jobId, kind, state, moneyAtRiskMinor } = saga;
  const choose = (/** @type {MouseEvent} */ event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    onSelect(jobId);
  };
  return html`
    <li>
      <a class="saga" href=${addressOf(jobId)} aria-current=${isSelected ? 'true' : null} onClick=${choose}
        data-saga=${jobId} data-state=${state}>
        <span class="title">
          <strong>${subjectOf(saga)}</strong>
          <span class=${`badge ${toneOf(state)}`}>${capital(state)}</span>
        </span>
        <span class="soft">
          ${[kind, whereOf(saga)].filter((part) => part !== null).join(' · ')}
          ${moneyAtRiskMinor !== null && moneyAtRiskMinor > 0 && html` · <strong>${moneyOfMinor(moneyAtRiskMinor)}</strong>`}
          ${' · '}<${Age} saga=${saga} />
        </span>
      </a>
    </li>
  `;
}

/** Of an open one since when; of an ended one how long it took. @param {{ saga: Saga }} props */
export function Age({ saga }) {
  const nowMs = useServerNow(1_000);
  const { createdAt, finishedAt } = saga;
  const untilMs = finishedAt === null ? nowMs : Date.parse(finishedAt);
  const took = duration(Math.max(0, untilMs - Date.parse(createdAt)));
  return html`<time datetime=${createdAt}>${isOpen(saga) ? `since ${took}` : `took ${took}`}</time>`;
}
