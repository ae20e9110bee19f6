// What is being done, step by step as it happens.

import { html } from '../shared/view.js';
import { JobCard } from './job-card.js';

/** @param {{ jobs: import('./use-jobs.js').ShownJobs, bots: import('./portfolio.js').BotView[], currency: string }} props */
export function Jobs({ jobs: { shown, putAway }, bots, currency }) {
  if (shown.length === 0) return null;
  const nameOf = (/** @type {string | null} */ id) =>
    bots.find(({ instanceId }) => instanceId === id)?.botName ?? id;
  return html`
    <section aria-label="What is going on" class="jobs">
      ${shown.map(
        ({ jobId, name, job, isGone }) => html`
          <${JobCard} key=${jobId} jobId=${jobId} job=${job} isGone=${isGone} name=${name ?? nameOf(job?.botId ?? null) ?? jobId}
            currency=${currency} onPutAway=${() => putAway(jobId)} />
        `,
      )}
    </section>
  `;
}
