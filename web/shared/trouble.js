// What went wrong, in a sentence, read out by screen readers. Nothing where nothing did.

import { html } from './view.js';

/** @param {{ problem: Error | null, what?: string, onRetry?: () => void }} props */
export function Trouble({ problem, what, onRetry }) {
  if (problem === null) return null;
  return html`
    <p class="notice bad" role="alert">
      ${what !== undefined && html`<strong>${what}</strong> `}${problem.message}
      ${onRetry !== undefined && html` <button class="link" onClick=${onRetry}>Try again</button>`}
    </p>
  `;
}
