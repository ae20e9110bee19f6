// One saga: what happened, live; the world as it is now; and what can be done about it.

import { apiUrl, call, Problem } from '../shared/api.js';
import { moneyOfMinor } from '../shared/money.js';
import { usePolled } from '../shared/polled.js';
import { Trouble } from '../shared/trouble.js';
import { html, useEffect, useRef } from '../shared/view.js';
import { watchJob } from '../shared/watch-job.js';
import { Age } from './saga-row.js';
import { capital, isOpen, subjectOf, toneOf } from './saga-words.js';
import { Timeline } from './timeline.js';
import { useAsked } from './use-asked.js';
import { Verbs } from './verbs.js';
import { WorldPanel } from './world-panel.js';

/** @typedef {import('../../src/api/schemas/sagas.ts').SagaDetail} Detail */
/** @typedef {import('../../src/api/schemas/sagas.ts').WorldView} World */

/** The watch tells of each change; this is for what it may miss while the page is in the background. */
const EVERY_MS = 30_000;

/** @param {{ sagaId: string | null, onMoved: () => void }} props */
export function SagaDetail({ sagaId, onMoved }) {
  if (sagaId === null) return html`<${NothingChosen} />`;
  return html`<${Chosen} sagaId=${sagaId} onMoved=${onMoved} />`;
}

function NothingChosen() {
  return html`
    <section class="card empty detail" aria-label="Saga" data-test="nothing-chosen">
      <p>Choose a saga to see what happened to it, what the world says now, and what can be done.</p>
    </section>
  `;
}

/** @param {{ sagaId: string, onMoved: () => void }} props */
function Chosen({ sagaId, onMoved }) {
  const path = `/admin/sagas/${encodeURIComponent(sagaId)}`;
  const load = (/** @type {AbortSignal} */ signal) =>
    /** @type {Promise<Detail>} */ (call('GET', path, { signal }));
  const { value: saga, problem, refresh } = usePolled(load, EVERY_MS);
  const world = useAsked(
    (signal) => /** @type {Promise<World>} */ (call('GET', `${path}/world`, { signal })),
    [saga?.state],
  );
  useEffect(() => watchJob(sagaId, () => void refresh()), [sagaId]);
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const isRead = saga !== null;
  useEffect(() => {
    // Below the list, on a narrow screen: what was chosen would be out of sight.
    if (
      isRead &&
      box.current !== null &&
      box.current.getBoundingClientRect().top > innerHeight / 2
    ) {
      box.current.scrollIntoView({ block: 'start' });
    }
  }, [isRead]);
  const onOrdered = () => {
    void refresh();
    onMoved();
  };
  if (saga === null)
    return html`<${NotRead} sagaId=${sagaId} problem=${problem} onRetry=${refresh} />`;
  return html`
    <section class="card detail" aria-labelledby="saga-title" ref=${box} data-test="saga" data-saga=${sagaId} data-state=${saga.state}>
      <${Head} saga=${saga} />
      <${Trouble} problem=${problem} what="It could not be read again." onRetry=${refresh} />
      <${Timeline} saga=${saga} />
      <${Verbs} saga=${saga} world=${world} onOrdered=${onOrdered} />
    </section>
    <${WorldPanel} world=${world} />
  `;
}

/** @param {{ sagaId: string, problem: Error | null, onRetry: () => Promise<void> }} props */
function NotRead({ sagaId, problem, onRetry }) {
  const isGone = problem instanceof Problem && (problem.status === 404 || problem.status === 400);
  return html`
    <section class="card detail" aria-label="Saga" data-test="saga-not-read">
      ${problem === null && html`<p class="soft" aria-busy="true">Reading ${sagaId} …</p>`}
      ${isGone && html`<p class="notice warn" role="alert">The log has no saga ${sagaId}. Ended ones are forgotten after a while.</p>`}
      ${!isGone && html`<${Trouble} problem=${problem} what="The saga could not be read." onRetry=${onRetry} />`}
    </section>
  `;
}

/** @param {{ saga: Detail }} props */
function Head({ saga }) {
  const { jobId, kind, version, epoch, state, requestedBy, moneyAtRiskMinor, queue } = saga;
  const board = `/admin/queues/queue/${encodeURIComponent(queue)}/${encodeURIComponent(jobId)}`;
  return html`
    <div class="row spread top-of-saga">
      <h2 id="saga-title">
        ${subjectOf(saga)}${' '}<span class=${`badge ${toneOf(state)}`}>${capital(state)}</span>
      </h2>
      <span class="links">
        <a href=${board}>Queue job</a>
        <a href=${apiUrl(`/admin/sagas/${encodeURIComponent(jobId)}`)} download=${`${jobId}.json`} data-test="export">Export</a>
      </span>
    </div>
    <p class="soft">
      ${kind} v${version} · <code>${jobId}</code> · epoch ${epoch} · asked for by ${requestedBy} · <${Age} saga=${saga} />
      ${isOpen(saga) && moneyAtRiskMinor !== null && html` · <strong>${moneyOfMinor(moneyAtRiskMinor)}</strong> at risk`}
    </p>
    ${saga.error !== null && html`<p class=${`notice ${saga.state === 'stuck' ? 'bad' : 'warn'}`}><strong>${saga.error.step}</strong>: ${saga.error.message} <span class="soft">(${saga.error.code})</span></p>`}
    ${saga.warnings.map(({ code, message }) => html`<p key=${code} class="notice warn">${message} <span class="soft">(${code})</span></p>`)}
  `;
}
