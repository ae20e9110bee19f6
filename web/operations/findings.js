// What the program must not decide by itself: each finding with its evidence, and what may be done about it.

import { call } from '../shared/api.js';
import { usePolled } from '../shared/polled.js';
import { Ago } from '../shared/time.js';
import { Trouble } from '../shared/trouble.js';
import { html, useState } from '../shared/view.js';
import { FindingDialog } from './finding-dialog.js';
import { actionsOf, wordsOf } from './finding-words.js';

/** @typedef {import('../../src/findings/findings.ts').RecordedFinding} Finding */
/** @typedef {'remove' | 'accept-as-new' | 'restore' | 'acknowledge'} Action */

const EVERY_MS = 15_000;

/** @param {{ moves: number, onMoved: () => void }} props */
export function Findings({ moves, onMoved }) {
  const load = async (/** @type {AbortSignal} */ signal) =>
    /** @type {Finding[]} */ (
      (await call('GET', '/admin/findings?limit=100', { signal })).findings
    );
  const { value, problem, refresh } = usePolled(load, EVERY_MS, [moves]);
  const [deciding, setDeciding] = useState(
    /** @type {{ finding: Finding, action: Action } | null} */ (null),
  );
  return html`
    <section class="card" id="findings" aria-labelledby="findings-title" data-testid="findings">
      <h2 id="findings-title">Findings ${value !== null && html`<span class="soft">${value.length}</span>`}</h2>
      <${Trouble} problem=${problem} what="The findings could not be read again." onRetry=${refresh} />
      ${value === null && problem === null && html`<p class="soft" aria-busy="true">Reading the findings …</p>`}
      ${value?.length === 0 && html`<p class="soft">Nothing waits for a person.</p>`}
      <ul class="findings">
        ${value?.map((finding) => html`<${Row} key=${finding.id} finding=${finding} onDecide=${(/** @type {Action} */ action) => setDeciding({ finding, action })} />`)}
      </ul>
      ${deciding !== null && html`<${FindingDialog} finding=${deciding.finding} action=${deciding.action} onClose=${() => setDeciding(null)} onMoved=${onMoved} />`}
    </section>
  `;
}

/** @param {{ finding: Finding, onDecide: (action: Action) => void }} props */
function Row({ finding, onDecide }) {
  const {
    id,
    kind,
    instanceId,
    userId,
    observed,
    firstObservedAt,
    lastObservedAt,
    evidence,
    earlier,
  } = finding;
  return html`
    <li class="finding" data-finding=${id} data-kind=${kind}>
      <div>
        <strong>${instanceId ?? (kind === 'unconfirmed-start' ? 'All users' : `User ${userId}`)}</strong> <span class="badge warn">${kind}</span>
        <p>${wordsOf(kind)}</p>
        <p class="soft">
          Observed ${observed === 1 ? 'once' : `${observed} times`}, first <${Ago} at=${firstObservedAt} />, last <${Ago} at=${lastObservedAt} />${earlier.length > 0 && `; decided ${earlier.length} times before`}
        </p>
        <details><summary>Evidence</summary><pre tabindex="0">${JSON.stringify(evidence, null, 2)}</pre></details>
      </div>
      <div class="row">
        ${actionsOf(finding).map(({ action, label }) => html`<button key=${action} onClick=${() => onDecide(action)} data-action=${action}>${label} …</button>`)}
      </div>
    </li>
  `;
}
