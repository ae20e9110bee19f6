// What can be done about a saga: each verb with its plan, or with the reason why not.

import { call } from '../shared/api.js';
import { Trouble } from '../shared/trouble.js';
import { html, useState } from '../shared/view.js';
import { capital, isOpen } from './saga-words.js';
import { useOnDemand } from './use-on-demand.js';
import { VerbDialog } from './verb-dialog.js';

/** @typedef {import('../../src/api/schemas/sagas.ts').PlanView} Plan */
/** @typedef {Plan['verbs'][number]} PlannedVerb */
/** @typedef {import('./saga-detail.js').Detail} Detail */

/**
 * @param {{
 *   saga: Detail,
 *   world: import('./use-on-demand.js').OnDemand<import('./world-panel.js').World>,
 *   onOrdered: () => void,
 * }} props
 */
export function Verbs({ saga, world, onOrdered }) {
  if (!isOpen(saga))
    return html`<p class="soft" data-testid="no-verbs">It has ended: nothing is left to decide.</p>`;
  return html`<${OpenVerbs} saga=${saga} world=${world} onOrdered=${onOrdered} />`;
}

/** @param {Parameters<typeof Verbs>[0]} props */
function OpenVerbs({ saga, world, onOrdered }) {
  const path = `/admin/sagas/${encodeURIComponent(saga.jobId)}`;
  const plan = useOnDemand(
    (signal) => /** @type {Promise<Plan>} */ (call('GET', `${path}/plan`, { signal })),
    [saga.state, saga.step],
  );
  const [chosen, setChosen] = useState(/** @type {PlannedVerb['verb'] | null} */ (null));
  const choose = (/** @type {PlannedVerb['verb']} */ verb) => {
    setChosen(verb);
    void plan.ask();
    void world.ask();
  };
  const verbs = plan.value?.verbs ?? [];
  const refused = verbs.filter(({ allowed }) => !allowed);
  return html`
    <section class="verbs" aria-labelledby="verbs-title" data-testid="verbs">
      <h3 id="verbs-title">What now?</h3>
      <${Trouble} problem=${plan.problem} what="There is no plan." onRetry=${plan.ask} />
      ${plan.value === null && plan.problem === null && html`<p class="soft" aria-busy="true">Asking what each verb would do …</p>`}
      <div class="row">
        ${verbs.map(
          ({ verb, allowed }) => html`
            <button key=${verb} class=${STYLES[verb] ?? ''} disabled=${!allowed} onClick=${() => choose(verb)}
              aria-describedby=${allowed ? null : `why-not-${verb}`} data-verb=${verb}>
              ${capital(verb)} …
            </button>
          `,
        )}
      </div>
      <ul class="why-not">
        ${refused.map(({ verb, reason }) => html`<li key=${verb} id=${`why-not-${verb}`} class="soft">${capital(verb)}: ${reason}.</li>`)}
      </ul>
      ${chosen !== null && html`<${VerbDialog} saga=${saga} verb=${chosen} plan=${plan} world=${world} onClose=${() => setChosen(null)} onOrdered=${onOrdered} />`}
    </section>
  `;
}

/** @type {Record<string, string>} */
const STYLES = { retry: 'primary', resolve: 'danger' };
