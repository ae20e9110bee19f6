// One saga: what happened, live; the world as it is now; and what can be done about it.

import { call, Problem } from '../shared/api.js';
import { usePolled } from '../shared/polled.js';
import { Trouble } from '../shared/trouble.js';
import { html, useEffect, useRef } from '../shared/view.js';
import { watchJob } from '../shared/watch-job.js';
import { SagaHead } from './saga-head.js';
import { Timeline } from './timeline.js';
import { useOnDemand } from './use-on-demand.js';
import { Verbs } from './verbs.js';
import { WorldPanel } from './world-panel.js';

/** @typedef {import('../../src/api/schemas/sagas.ts').SagaDetail} Detail */
/** @typedef {import('../../src/operations/observed-state.ts').ObservedState} World */

/** The watch reports each change; this is for what it may miss while the page is in the background. */
const EVERY_MS = 30_000;

/** @param {{ sagaId: string | null, onMoved: () => void }} props */
export function SagaDetail({ sagaId, onMoved }) {
  if (sagaId === null) return html`<${NothingChosen} />`;
  return html`<${Chosen} sagaId=${sagaId} onMoved=${onMoved} />`;
}

function NothingChosen() {
  return html`
    <section class="card empty detail" aria-label="Saga" data-testid="nothing-chosen">
      <p>Choose a saga to see what happened to it, the observed state of every source, and what can be done.</p>
    </section>
  `;
}

/** @param {{ sagaId: string, onMoved: () => void }} props */
function Chosen({ sagaId, onMoved }) {
  const path = `/admin/sagas/${encodeURIComponent(sagaId)}`;
  const load = (/** @type {AbortSignal} */ signal) =>
    /** @type {Promise<Detail>} */ (call('GET', path, { signal }));
  const { value: saga, problem, refresh } = usePolled(load, EVERY_MS);
  const before = useRef(saga?.state);
  useEffect(() => {
    // The list and the figures show it too, and should not lag behind.
    if (before.current !== undefined && before.current !== saga?.state) onMoved();
    before.current = saga?.state;
  }, [saga?.state]);
  if (saga === null) {
    return html`<${NotRead} sagaId=${sagaId} problem=${problem} onRetry=${refresh} />`;
  }
  const onOrdered = () => {
    void refresh();
    onMoved();
  };
  return html`<${Saga} saga=${saga} problem=${problem} refresh=${refresh} onOrdered=${onOrdered} />`;
}

/**
 * @param {{ saga: Detail, problem: Error | null, refresh: () => Promise<void>, onOrdered: () => void }} props
 */
function Saga({ saga, problem, refresh, onOrdered }) {
  const { jobId, state } = saga;
  const path = `/admin/sagas/${encodeURIComponent(jobId)}/world`;
  const world = useOnDemand(
    (signal) => /** @type {Promise<World>} */ (call('GET', path, { signal })),
    [state],
  );
  useEffect(() => {
    const again = () => void refresh();
    return watchJob(jobId, again, again);
  }, [jobId]);
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    // Below the list, on a narrow screen: the chosen saga would not be visible.
    const top = box.current?.getBoundingClientRect().top ?? 0;
    if (top > innerHeight / 2) box.current?.scrollIntoView({ block: 'start' });
  }, []);
  return html`
    <section class="card detail" aria-labelledby="saga-title" ref=${box} data-testid="saga" data-saga=${jobId} data-state=${state}>
      <${SagaHead} saga=${saga} />
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
    <section class="card detail" aria-label="Saga" data-testid="saga-not-read">
      ${problem === null && html`<p class="soft" aria-busy="true">Reading ${sagaId} …</p>`}
      ${isGone && html`<p class="notice warn" role="alert">The log has no saga ${sagaId}. Ended ones are forgotten after a while.</p>`}
      ${!isGone && html`<${Trouble} problem=${problem} what="The saga could not be read." onRetry=${onRetry} />`}
    </section>
  `;
}
