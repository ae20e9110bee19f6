// The entry of the portfolio page.

import { Shell } from '../shared/shell.js';
import { html, render } from '../shared/view.js';
import { Portfolio } from './portfolio.js';

/** Another user is another page. @param {import('../shared/shell.js').SessionView} session */
function contentFor({ user, hasAccount, syncOnOpen, provisionsBots }) {
  if (!hasAccount) return html`<p class="card">The platform has no account for ${user}.</p>`;
  return html`
    <${Portfolio} key=${user} user=${user} syncOnOpen=${syncOnOpen} provisionsBots=${provisionsBots} />
  `;
}

render(
  html`<${Shell} page="portfolio" content=${contentFor} />`,
  /** @type {HTMLElement} */ (document.getElementById('app')),
);
