// What a saga is: whose, in which state and since when, why it went wrong, and the ways to its job and its record.

import { apiUrl } from '../shared/api.js';
import { moneyOfMinor } from '../shared/money.js';
import { html } from '../shared/view.js';
import { Age } from './saga-row.js';
import { capital, isOpen, subjectOf, toneOf } from './saga-words.js';

/** @param {{ saga: import('./saga-detail.js').Detail }} props */
export function SagaHead({ saga }) {
  const { jobId, kind, version, epoch, state, requestedBy, moneyAtRiskMinor, queue } = saga;
  const board = `/admin/queues/queue/${encodeURIComponent(queue)}/${encodeURIComponent(jobId)}`;
  return html`
    <div class="row spread top-of-saga">
      <h2 id="saga-title">
        ${subjectOf(saga)}${' '}<span class=${`badge ${toneOf(state)}`}>${capital(state)}</span>
      </h2>
      <span class="links">
        <a href=${board}>Queue job</a>
        <a href=${apiUrl(`/admin/sagas/${encodeURIComponent(jobId)}`)} download=${`${jobId}.json`} data-testid="export">Export</a>
      </span>
    </div>
    <p class="soft">
      ${kind} v${version} · <code>${jobId}</code> · epoch ${epoch} · ordered by ${requestedBy} · <${Age} saga=${saga} />
      ${isOpen(saga) && moneyAtRiskMinor !== null && html` · <strong>${moneyOfMinor(moneyAtRiskMinor)}</strong> at risk`}
    </p>
    ${saga.error !== null && html`<p class=${`notice ${saga.state === 'stuck' ? 'bad' : 'warn'}`}><strong>${saga.error.step}</strong>: ${saga.error.message} <span class="soft">(${saga.error.code})</span></p>`}
    ${saga.warnings.map(({ code, message }) => html`<p key=${code} class="notice warn">${message} <span class="soft">(${code})</span></p>`)}
  `;
}
