// Before a verb is ordered: what it does step by step, the observed outcome of each step now, how much money is at
// risk. It cannot be ordered without a reason; a `resolve` needs an outcome and evidence.

import { call } from '../shared/api.js';
import { Dialog } from '../shared/dialog.js';
import { moneyOfMinor } from '../shared/money.js';
import { Trouble } from '../shared/trouble.js';
import { html, useState } from '../shared/view.js';
import { choiceWords, stepWords, verbWords } from './plan-words.js';
import { ReasonForm, refuseBlank } from './reason-form.js';
import { capital, subjectOf } from './saga-words.js';

/** @typedef {import('./verbs.js').Plan} Plan */

/**
 * @param {{
 *   saga: import('./saga-detail.js').Detail,
 *   verb: import('./verbs.js').PlannedVerb['verb'],
 *   plan: import('./use-on-demand.js').OnDemand<Plan>,
 *   world: import('./use-on-demand.js').OnDemand<import('./world-panel.js').World>,
 *   onClose: () => void,
 *   onOrdered: () => void,
 * }} props
 */
export function VerbDialog({ saga, verb, plan, world, onClose, onOrdered }) {
  const [outcome, setOutcome] = useState('');
  const [choice, setChoice] = useState('');
  const planned = plan.value?.verbs.find((one) => one.verb === verb);
  const isReady = planned?.allowed === true && !plan.isBusy;
  const order = async (/** @type {import('./reason-form.js').Fields} */ fields) => {
    const vouched = verb === 'resolve' ? { outcome, evidence: fields('evidence') } : {};
    const chosen = choices.includes(choice) ? { choice } : {};
    const body = { reason: fields('reason'), ...vouched, ...chosen };
    await call('POST', `/admin/sagas/${encodeURIComponent(saga.jobId)}/${verb}`, { body });
    onOrdered();
  };
  const does = planned?.does ?? [];
  const choices = planned?.choices ?? [];
  return html`
    <${Dialog} title=${`${capital(verb)} ${subjectOf(saga)}?`} onClose=${onClose}>
      <p>${verbWords(verb)}</p>
      ${planned?.allowed === false && html`<p class="notice bad" role="alert">Not any more: ${planned.reason}.</p>`}
      <${Trouble} problem=${plan.problem} what="The plan could not be made again." />
      ${
        does.length > 0 &&
        html`
        <ol class="effects plan" aria-busy=${plan.isBusy} data-testid="plan">
          ${does.map((line) => html`<li key=${line}>${stepWords(line)}</li>`)}
        </ol>
      `
      }
      <${PresenceAnswer} observations=${plan.value?.observations ?? []} world=${world} />
      <p>${atRisk(plan.value)}</p>
      <${ReasonForm} action=${capital(verb)} isDangerous=${verb === 'resolve'} isReady=${isReady} onClose=${onClose} onSubmit=${order}>
        ${verb === 'resolve' && html`<${Outcome} chosen=${outcome} onChoose=${setOutcome} />`}
        ${choices.length > 0 && html`<${Choices} choices=${choices} chosen=${choice} onChoose=${setChoice} />`}
      </${ReasonForm}>
    </${Dialog}>
  `;
}

/**
 * What may be ordered with the verb besides. Nothing, where nothing is chosen.
 * @param {{ choices: readonly string[], chosen: string, onChoose: (choice: string) => void }} props
 */
function Choices({ choices, chosen, onChoose }) {
  return html`
    <fieldset>
      <legend>How</legend>
      ${['', ...choices].map(
        (choice) => html`
          <label key=${choice} class="check">
            <input type="radio" name="choice" value=${choice} checked=${chosen === choice} onChange=${() => onChoose(choice)} />
            ${choiceWords(choice)}
          </label>
        `,
      )}
    </fieldset>
  `;
}

/** @param {Plan | null} plan */
function atRisk(plan) {
  if (plan === null) return 'The money at risk is not known yet.';
  if (plan.moneyAtRiskMinor === null) return 'This saga holds no money.';
  return html`<strong>${moneyOfMinor(plan.moneyAtRiskMinor)}</strong> are at risk while it does not end.`;
}

/**
 * @param {{ observations: Plan['observations'],
 *   world: import('./use-on-demand.js').OnDemand<import('./world-panel.js').World> }} props
 */
function PresenceAnswer({ observations, world }) {
  const silent = (world.value?.sources ?? []).filter(({ status }) => status === 'unknown');
  return html`
    <ul class="soft" data-testid="observed">
      ${observations.map(({ step, outcome, reason }) => html`<li key=${step}>Observed now: ${step} ${OUTCOMES[outcome] ?? outcome}${reason === null ? '' : `: ${reason}`}.</li>`)}
      ${world.isBusy && html`<li aria-busy="true">Asking every source again …</li>`}
      ${silent.map(({ source, observed }) => html`<li key=${source}>${capital(source)} is unknown: ${observed}.</li>`)}
    </ul>
  `;
}

/** @type {Record<string, string>} */
const OUTCOMES = { landed: 'has happened', absent: 'has not happened', unknown: 'is unknown' };

/**
 * Nothing is chosen beforehand: an outcome needs a deliberate choice. @param {{ chosen: string, onChoose: (outcome:
 * string) => void }} props
 */
function Outcome({ chosen, onChoose }) {
  return html`
    <fieldset>
      <legend>You vouch that it is</legend>
      ${['compensated', 'completed'].map(
        (outcome) => html`
          <label key=${outcome} class="check">
            <input type="radio" name="outcome" required value=${outcome} checked=${chosen === outcome} onChange=${() => onChoose(outcome)} />
            ${outcome === 'completed' ? 'completed: the money was paid and the bot is gone' : 'compensated: it goes no further, and is to return no money'}
          </label>
        `,
      )}
    </fieldset>
    <label>
      Evidence
      <textarea name="evidence" rows="2" required maxlength="500" onInput=${refuseBlank} placeholder="What you saw, and where"></textarea>
    </label>
  `;
}
