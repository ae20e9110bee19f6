// One job: its steps as they happen, with every attempt, what went wrong on the way, and how it ended. It can be
// cancelled until its point of no return (I6); the server decides who was first.

import { call } from '../shared/api.js';
import { money } from '../shared/money.js';
import { duration, useServerNow } from '../shared/time.js';
import { toError } from '../shared/to-error.js';
import { Trouble } from '../shared/trouble.js';
import { html, useState } from '../shared/view.js';
import { hasEnded } from '../shared/watch-job.js';
import { titleOf, wordsOf } from './job-words.js';

/** @typedef {import('../../src/api/schemas/job.ts').Job} Job */
/** @typedef {Job['steps'][number]} Step */

/** @param {{ jobId: string, job: Job | null, isGone: boolean, name: string, currency: string, onPutAway: () => void }} props */
export function JobCard({ jobId, job, isGone, name, currency, onPutAway }) {
  if (isGone) return html`<${Gone} jobId=${jobId} onPutAway=${onPutAway} />`;
  return html`
    <article class=${`card job ${job?.state ?? 'queued'}`} data-job=${jobId} data-state=${job?.state ?? 'queued'}>
      <div class="row spread">
        <h3>${titleOf(job, name)} <small>job ${jobId}</small></h3>
        ${job !== null && (hasEnded(job) ? html`<button onClick=${onPutAway}>Close</button>` : html`<${Cancel} job=${job} />`)}
      </div>
      ${
        job === null
          ? html`<p class="soft" aria-busy="true">Requested …</p>`
          : html`
            <ol class="steps">
              ${job.steps.map((step, at) => html`<${StepLine} key=${step.name} step=${step} number=${at + 1} />`)}
            </ol>
          `
      }
      <div role="status">${job !== null && html`<${Outcome} job=${job} currency=${currency} />`}</div>
    </article>
  `;
}

/** What it shows may be long past. @param {{ jobId: string, onPutAway: () => void }} props */
function Gone({ jobId, onPutAway }) {
  return html`
    <article class="card job" data-job=${jobId} data-state="gone">
      <div class="row spread">
        <h3>A job of a while ago <small>job ${jobId}</small></h3>
        <button onClick=${onPutAway}>Close</button>
      </div>
      <p class="notice warn" role="status">The server does not know it any more: ended jobs are forgotten after a while. Your bots and your balance show what it left.</p>
    </article>
  `;
}

/** @param {{ job: Job }} props */
function Cancel({ job }) {
  const [isAsked, setAsked] = useState(false);
  const [problem, setProblem] = useState(/** @type {Error | null} */ (null));
  const canCancel =
    job.kind !== 'reclaim-orphan' && !isPastReturn(job) && job.state !== 'compensating';
  if (!canCancel) return null;
  const cancel = async () => {
    setAsked(true);
    try {
      await call('POST', `/jobs/${encodeURIComponent(job.jobId)}/cancel`);
    } catch (error) {
      setProblem(toError(error));
      setAsked(false);
    }
  };
  return html`
    <${Trouble} problem=${problem} />
    <button onClick=${cancel} disabled=${isAsked}>${isAsked ? 'Cancelling …' : 'Cancel'}</button>
  `;
}

/** @param {Job} job */
function isPastReturn({ steps }) {
  const pivot = steps.find(({ kind }) => kind === 'pivot');
  return pivot !== undefined && pivot.status !== 'pending';
}

const MARKS = {
  done: '✓',
  skipped: '–',
  failed: '!',
  compensated: '↶',
  compensating: '↶',
  running: '◌',
  waiting: '◌',
  'in-doubt': '?',
  aborting: '↶',
};

/** @param {{ step: Step, number: number }} props */
function StepLine({ step, number }) {
  const mark = MARKS[/** @type {keyof typeof MARKS} */ (step.status)] ?? String(number);
  const isIdle = step.status === 'pending';
  return html`
    <li class=${`step ${step.status}`} aria-current=${ACTIVE.has(step.status) ? 'step' : null}>
      <span class="mark" aria-hidden="true">${mark}</span>
      <span class="what">
        ${wordsOf(step)}<span class="unseen">, ${step.status}</span>
        ${isIdle && step.kind === 'pivot' && html` <span class="badge">no way back from here</span>`}
        ${step.error !== null && html`<span class="soft block">${step.error.message}</span>`}
      </span>
      <span class="soft time"><${StepTime} step=${step} /></span>
    </li>
  `;
}

const ACTIVE = new Set(['running', 'waiting', 'in-doubt', 'aborting', 'compensating']);

/** @param {{ step: Step }} props */
function StepTime({ step: { attempts, startedAt, finishedAt, status } }) {
  const nowMs = useServerNow(ACTIVE.has(status) ? 250 : 60_000);
  if (startedAt === null) return null;
  const tries = attempts > 1 ? `${ordinal(attempts)} attempt · ` : '';
  const ms = (finishedAt === null ? nowMs : Date.parse(finishedAt)) - Date.parse(startedAt);
  return html`${tries}${finishedAt === null ? 'since ' : ''}${duration(Math.max(0, ms))}`;
}

/** @param {number} count */
function ordinal(count) {
  return `${count}${ENDINGS[ORDINALS.select(count)] ?? 'th'}`;
}

const ORDINALS = new Intl.PluralRules('en', { type: 'ordinal' });
/** @type {Partial<Record<Intl.LDMLPluralRule, string>>} */
const ENDINGS = { one: 'st', two: 'nd', few: 'rd' };

/** @param {{ job: Job, currency: string }} props */
function Outcome({ job, currency }) {
  const { state, error, warnings } = job;
  return html`
    ${state === 'completed' && html`<p class="notice good">${ending(job, currency)}</p>`}
    ${state === 'compensated' && html`<p class="notice warn">${undone(job)} ${error?.message ?? ''}</p>`}
    ${state === 'cancelled' && html`<p class="notice warn">Cancelled; nothing was changed.</p>`}
    ${state === 'stuck' && html`<p class="notice bad">It waits for an operator, and your money is kept where it is. ${error?.message ?? ''}</p>`}
    ${warnings.map(({ code, message }) => html`<p key=${code} class="notice warn">${message}</p>`)}
  `;
}

/** @param {Job} job */
function undone({ error, warnings }) {
  if (warnings.some(isByHand)) return BY_HAND;
  if (UNCHANGED.has(error?.code ?? '')) return 'Nothing was changed by this job:';
  return warnings.some(({ code }) => code.endsWith('-not-restored'))
    ? 'Undone, as far as that was possible.'
    : 'Undone: everything is as it was before.';
}

/** Another program changed the allocation, or paid it: not everything is as it was before. */
const UNCHANGED = new Set(['ALLOCATION_CHANGED', 'ALREADY_SETTLED']);

/** @param {Job['warnings'][number]} warning */
const isByHand = ({ code }) => code === 'resolved-by-hand';
/** An operator's word need not match what stands there. */
const BY_HAND = 'Closed by an operator. Your bots and your balance show what it left.';

/** @param {Job} job @param {string} currency */
function ending({ kind, result, warnings }, currency) {
  const { wallet = null } = /** @type {any} */ (result ?? {});
  const isVouched = warnings.some(isByHand);
  if (kind === 'provision-bot') return isVouched ? BY_HAND : 'The bot is running.';
  if (wallet === null && isVouched) return BY_HAND;
  if (wallet === null) return 'Deleted. There was no money to return.';
  return html`Deleted. <strong>${money(wallet.returned, currency)}</strong> came back; your balance is${' '}
    <strong>${money(wallet.newBalance, currency)}</strong>.`;
}
