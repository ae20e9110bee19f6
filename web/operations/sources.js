// Whether each source answers, how fast, and when it answered last; which host must be confirmed to be empty, and which
// counts as gone for good because an administrator has decided so.

import { Ago } from '../shared/time.js';
import { html, useState } from '../shared/view.js';
import { ConfirmHost } from './confirm-host.js';

/** @typedef {import('../../src/operations/overview-schema.ts').SourceView} Source */

const NAMES = {
  mongodb: 'MongoDB',
  redis: 'Redis',
  workers: 'Workers',
  'pool-state': 'Pool state',
  docker: '',
};

/**
 * @param {{
 *   overview: import('../shared/polled.js').Polled<import('./operations.js').Overview>,
 *   onMoved: () => void,
 * }} props
 */
export function Sources({ overview: { value, problem }, onMoved }) {
  const [confirming, setConfirming] = useState(/** @type {Source | null} */ (null));
  const sources = value?.sources ?? [];
  return html`
    <section aria-label="Sources" data-testid="sources">
      <ul class="strip-of-sources" aria-busy=${value === null && problem === null}>
        ${value === null && html`<li class="badge">${problem === null ? 'Asking the sources …' : 'Sources not known'}</li>`}
        ${sources.map((source) => html`<${SourceBadge} key=${source.kind + source.name} source=${source} isOld=${problem !== null} />`)}
      </ul>
      ${sources
        .filter(({ toConfirm }) => toConfirm !== null)
        .map(
          (source) => html`
            <p key=${source.name} class="notice warn" data-testid="to-confirm">
              <strong>${source.name} is not confirmed to be ${wordOf(source)}.</strong> ${source.toConfirm}${' '}
              <button class="link" onClick=${() => setConfirming(source)}>Confirm that it is ${wordOf(source)} …</button>
            </p>
          `,
        )}
      ${confirming !== null && html`<${ConfirmHost} source=${confirming} onClose=${() => setConfirming(null)} onMoved=${onMoved} />`}
    </section>
  `;
}

/** @param {Source} source */
function wordOf({ status }) {
  return status === 'unlisted' ? 'gone' : 'empty';
}

const STATES = {
  down: 'does not answer',
  unlisted: 'is not configured any more',
  gone: 'is gone for good',
};

/** @param {{ source: Source, isOld: boolean }} props */
function SourceBadge({ source, isOld }) {
  const { kind, name, status, reason, tookMs, lastAnswerAt } = source;
  const isUp = status === 'ok';
  const tone = isOld || status === 'gone' ? '' : isUp ? 'good' : 'bad';
  return html`
    <li class=${`badge ${tone}`} data-source=${name} data-status=${status} title=${reason ?? ''}>
      ${NAMES[kind] || name}${' '}
      ${isUp ? html`${tookMs ?? '?'} ms` : html`${kind === 'workers' ? 'leave sagas waiting' : STATES[status]}`}
      ${!isUp && lastAnswerAt !== null && html`, last <${Ago} at=${lastAnswerAt} />`}
      ${!isUp && reason !== null && html`<span class="why">: ${reason}</span>`}
    </li>
  `;
}
