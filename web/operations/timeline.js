// Everything that happened to a saga, as its history has it: every attempt, every observation, every undo, every order.

import { html, useEffect, useRef } from '../shared/view.js';
import { eventWords } from './event-words.js';

/** @typedef {import('../../src/api/schemas/sagas.ts').HistoryView} Entry */

/** Of the log: older entries go when newer ones come. */
const KEPT = 100;
const CLOCK = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
});
const DAY = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'long' });

/** @param {{ saga: import('./saga-detail.js').Detail }} props */
export function Timeline({ saga: { history, createdAt, state } }) {
  const isCut = history.length >= KEPT;
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const newest = history.at(-1)?.at;
  // Readers search for what happened last, and new events come at the end.
  useEffect(
    () => box.current?.scrollTo({ top: box.current.scrollHeight }),
    [newest, history.length],
  );
  return html`
    <h3 class="unseen">What happened</h3>
    <ol class="timeline" ref=${box} data-testid="timeline" tabindex="0" aria-label="What happened">
      <li class="event">
        <strong>Accepted</strong> <${Moment} at=${createdAt} />
        ${isCut && html`<span class="soft block">Older entries than these ${KEPT} are not kept.</span>`}
      </li>
      ${history.map((entry, at) => html`<${Event} key=${`${entry.at}/${at}`} entry=${entry} before=${history[at - 1]} attempt=${attemptAt(history, at)} />`)}
      ${state === 'queued' && html`<li class="event soft">Waits for a worker</li>`}
    </ol>
  `;
}

/** @param {{ entry: Entry, before: Entry | undefined, attempt: number }} props */
function Event({ entry, before, attempt }) {
  const { at, epoch, step, type } = entry;
  const { text, tone, detail } = eventWords(entry, attempt);
  const isNewEpoch = before?.epoch !== epoch;
  return html`
    <li class=${`event ${tone}`} data-type=${type} data-step=${step ?? ''}>
      ${step !== null && html`<strong>${step}</strong> `}${text}
      ${detail !== null && html`<span class="soft block">${detail}</span>`}
      <span class="soft tiny block"><${Moment} at=${at} />${isNewEpoch && ` · epoch ${epoch}`}</span>
    </li>
  `;
}

/** Which failure of this step in a row it is; 0 for what is no attempt. @param {readonly Entry[]} history @param {number} at */
function attemptAt(history, at) {
  const entry = history[at];
  if (entry === undefined) return 0;
  const isSame = (/** @type {Entry} */ one) => one.type === entry.type && one.step === entry.step;
  return history.slice(0, at + 1).filter(isSame).length;
}

/** @param {{ at: string }} props */
function Moment({ at }) {
  const ms = Date.parse(at);
  return html`<time class="moment" datetime=${at} title=${DAY.format(ms)}>${CLOCK.format(ms)}</time>`;
}
