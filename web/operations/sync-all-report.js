// What a run over all users found and did, in words.

import { money } from '../shared/money.js';
import { Trouble } from '../shared/trouble.js';
import { html } from '../shared/view.js';

/** @typedef {import('./use-sync-all.js').SyncAllView} SyncAllView */

/** @param {{ view: SyncAllView, onForce: () => void, onSelect: (id: string) => void }} props */
export function SyncAllReport({ view, onForce, onSelect }) {
  switch (view.kind) {
    case 'none':
      return null;
    case 'ordered':
      return html`<p aria-busy="true">${STEPS[view.job?.step ?? ''] ?? 'Ordered …'}</p>`;
    case 'failed':
      return html`<${Trouble} problem=${view.problem} what="It was not begun." />`;
    case 'stuck':
      return html`
        <p class="notice bad">
          It is stuck. <button class="link" onClick=${() => onSelect(view.job.jobId)}>See why</button>
        </p>
      `;
    default:
      return html`<${Ended} job=${view.job} onForce=${onForce} onSelect=${onSelect} />`;
  }
}

/** @type {Record<string, string>} */
const STEPS = {
  survey: 'Checking all users …',
  judge: 'Judging what was found …',
  schedule: 'Beginning a run for each user that drifted …',
  follow: 'Waiting for the runs of the users …',
  record: 'Writing down what was found …',
};

/** @type {Record<string, string>} */
const GUARDS = {
  'too-many-refunds': 'there are more orphans at once than SYNC_MAX_REFUNDS',
  'too-large-a-share': 'more than a fifth of all allocations would be orphans',
  'no-containers': 'Docker shows no bot at all while allocations exist',
};

/** @type {Record<string, string>} */
const VERDICTS = {
  orphan: 'orphan: money without a bot',
  'lost-entry': 'missing in the pool state',
  'stale-entry': 'stale entry in the pool state',
  ghost: 'ghost: a bot without money',
};

/** @param {{ job: import('./use-sync-all.js').Job, onForce: () => void, onSelect: (id: string) => void }} props */
function Ended({ job, onForce, onSelect }) {
  const result = /** @type {any} */ (job.result);
  if (job.state !== 'completed' || result === null) {
    return html`<p class="notice warn">It was ${job.state}; nothing more is done.</p>`;
  }
  const { stoppedBy, dryRun, drifts = [], reasons = [] } = result;
  return html`
    <p class=${`notice ${stoppedBy === null ? 'good' : 'warn'}`} data-testid="sync-all-result">${headline(result)}</p>
    ${
      stoppedBy !== null &&
      html`
      <p>
        <strong>A guard ${dryRun ? 'would stop' : 'stopped'} it:</strong> ${GUARDS[stoppedBy] ?? stoppedBy}.${' '}
        <button class="link" onClick=${onForce}>Synchronise all the same …</button>
      </p>
    `
    }
    <p class="soft">
      ${counted(result.users, 'user')}, ${counted(result.allocations, 'allocation')}, ${counted(result.containers, 'container')}; ${result.live} in step,
      ${' '}${result.unknown} unknown, ${result.held} being worked on.${' '}
      <button class="link" onClick=${() => onSelect(job.jobId)}>The run</button>
    </p>
    ${reasons.length > 0 && html`<ul class="effects soft">${reasons.map((/** @type {string} */ reason) => html`<li key=${reason}>Unknown: ${reason}</li>`)}</ul>`}
    <ul class="lines">
      ${drifts.map(
        (/** @type {any} */ { userId, botId, verdict, value }) => html`
          <li key=${`${userId}/${botId}`}>
            <span>${botId}</span>
            <span class="soft">${VERDICTS[verdict] ?? verdict}${amountOf(verdict, value)}</span>
          </li>
        `,
      )}
    </ul>
  `;
}

/** @param {string} verdict @param {number | null} value */
function amountOf(verdict, value) {
  if (value !== null) return `, ${money(value)}`;
  return verdict === 'orphan' ? ', an amount that cannot be paid' : '';
}

/** @param {any} result */
function headline({
  dryRun,
  stoppedBy,
  orphans,
  orphanValue,
  lostEntries,
  staleEntries,
  ghosts,
  repaired,
  totalReturned,
  scheduledUsers,
}) {
  const found = `${counted(orphans, 'orphan')} with ${money(orphanValue)}, ${lostEntries} lost and ${staleEntries} stale pool entries, ${counted(ghosts, 'ghost')}`;
  if (dryRun) return `Found ${found}. Nothing was changed.`;
  if (stoppedBy !== null) return `Found ${found}. Nothing was repaired.`;
  const users = `${counted(scheduledUsers, 'user')} to be checked again`;
  return repaired === null
    ? `Found ${found}; ${users}.`
    : `Found ${found}; ${users}, ${counted(repaired, 'repair')}, ${money(totalReturned)} paid back.`;
}

/** @param {number} count @param {string} what */
function counted(count, what) {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
