// The numbers that show whether an operator is needed. Where they cannot be read they are unknown: never zero (I4).

import { moneyOfMinor } from '../shared/money.js';
import { Ago, duration } from '../shared/time.js';
import { html } from '../shared/view.js';

/** @typedef {import('./operations.js').Overview} Overview */
/** @typedef {NonNullable<Overview['figures']>} Read */

/** @param {{ overview: import('../shared/polled.js').Polled<Overview> }} props */
export function Figures({ overview: { value, atMs, problem } }) {
  const figures = value?.figures ?? null;
  return html`
    <section aria-label="Overview" data-testid="figures">
      <ul class="figures" aria-busy=${value === null && problem === null}>
        ${cardsOf(figures).map(
          ({ title, text, hint, tone }) => html`
            <li key=${title} class="card">
              <span class="soft">${title}</span>
              <strong class=${`figure ${tone ?? ''}`} style=${{ '--length': text.length }}>${text}</strong>
              <span class="soft tiny">${hint}</span>
            </li>
          `,
        )}
      </ul>
      ${value !== null && figures === null && html`<p class="notice bad" role="alert">The log cannot be read: ${value.reason}</p>`}
      ${problem !== null && atMs !== null && html`<p class="soft">As it was <${Ago} at=${atMs} />.</p>`}
    </section>
  `;
}

/**
 * @param {Read | null} figures
 * @returns {{ title: string, text: string, hint: string, tone?: string | false }[]}
 */
function cardsOf(figures) {
  if (figures === null) return TITLES.map((title) => ({ title, text: '–', hint: 'not known' }));
  const { stuck, underWay, stuckMoney, underWayMoney, tombstones, findings } = figures;
  const texts = [
    { text: String(stuck), hint: oldestStuck(figures), tone: stuck > 0 && 'bad' },
    { text: amount(stuckMoney), hint: `and ${amount(underWayMoney)} under way` },
    { text: String(underWay), hint: inDoubt(figures) },
    { text: String(tombstones), hint: 'bots that a tombstone still removes' },
    { text: String(findings), hint: 'for a person to decide', tone: findings > 0 && 'warn' },
  ];
  return texts.map((card, at) => ({ ...card, title: TITLES[at] ?? '' }));
}

const TITLES = ['Stuck', 'Money at risk', 'Running', 'Paid, not yet gone', 'Findings'];

/** @param {Read['stuckMoney']} money */
function amount({ minor, isWhole }) {
  return isWhole ? moneyOfMinor(minor) : `over ${moneyOfMinor(minor)}`;
}

/** @param {Read} figures */
function oldestStuck({ open }) {
  const ages = open.filter(({ state }) => state === 'stuck').map((group) => group.oldestSeconds);
  return ages.length === 0
    ? 'nothing waits for you'
    : `the oldest since ${duration(1_000 * Math.max(...ages))}`;
}

/** @param {Read} figures */
function inDoubt({ open }) {
  const count = open.reduce((sum, group) => sum + group.inDoubt, 0);
  return count === 0 ? 'no effect in doubt' : `${count} with an effect in doubt`;
}
