// How much money was orphaned over time, as the runs found it: a user's own, or all users'.

import { call } from './api.js';
import { LineChart } from './line-chart.js';
import { axisMoneyOfMinor, moneyOfMinor } from './money.js';
import { usePolled } from './polled.js';
import { duration } from './time.js';
import { Trouble } from './trouble.js';
import { html, useMemo } from './view.js';

/** @typedef {import('../../src/api/schemas/orphans.ts').OrphanSampleView} Sample */

const EVERY_MS = 60_000;

/** @param {{ moves: number, path?: string, title?: string, hint?: string }} props */
export function OrphanHistory({
  moves,
  path = '/orphans/history',
  title = 'Orphaned money, last 30 days',
  hint = 'Each Sync Wallet adds one.',
}) {
  const load = async (/** @type {AbortSignal} */ signal) =>
    /** @type {Sample[]} */ ((await call('GET', path, { signal })).samples);
  const { value, problem, refresh } = usePolled(load, EVERY_MS, [moves]);
  const samples = useMemo(() => [...(value ?? [])].reverse(), [value]);
  const times = useMemo(() => samples.map(({ at }) => Date.parse(at)), [samples]);
  const values = useMemo(() => samples.map(({ valueMinor }) => valueMinor), [samples]);
  const last = samples.at(-1);
  const summary = last === undefined ? '' : describe(last);
  const isEmpty = value !== null && samples.length === 0;
  return html`
    <section class="card history" aria-labelledby="history-title">
      <h2 id="history-title">${title}</h2>
      <${Trouble} problem=${problem} what="The history could not be read." onRetry=${refresh} />
      ${
        isEmpty
          ? html`<p class="soft">No run has been recorded yet. ${hint}</p>`
          : html`<${LineChart} times=${times} values=${values} format=${axisMoneyOfMinor} summary=${summary} />`
      }
      ${last !== undefined && html`<p class="soft">${summary}.</p>`}
    </section>
  `;
}

/** @param {Sample} sample */
function describe({ count, valueMinor, oldestSeconds, repaired }) {
  if (count === 0) return 'At the last run nothing was orphaned';
  const bots = `${count} orphaned ${count === 1 ? 'bot' : 'bots'}`;
  const oldest =
    oldestSeconds > 0 ? `, the oldest known for ${duration(oldestSeconds * 1_000)}` : '';
  return `At the last run ${moneyOfMinor(valueMinor)} in ${bots}${oldest}; ${repaired} of them paid back`;
}
