// The entry of the operations page.

import { Shell } from '../shared/shell.js';
import { html, render } from '../shared/view.js';
import { NotAdmin } from './not-admin.js';
import { Operations } from './operations.js';

/** Another user is another page. @param {import('../shared/shell.js').SessionView} session */
function contentFor({ user, isAdmin }) {
  return isAdmin ? html`<${Operations} key=${user} />` : html`<${NotAdmin} user=${user} />`;
}

render(
  html`<${Shell} page="operations" content=${contentFor} />`,
  /** @type {HTMLElement} */ (document.getElementById('app')),
);
