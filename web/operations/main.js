// The entry of the operations page.

import { Shell } from '../shared/shell.js';
import { html, render } from '../shared/view.js';

render(
  html`<${Shell} page="operations" content=${() => html`<h1>Operations</h1>`} />`,
  /** @type {HTMLElement} */ (document.getElementById('app')),
);
