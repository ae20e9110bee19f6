// The entry of the portfolio page.

import { Shell } from '../shared/shell.js';
import { html, render } from '../shared/view.js';
import { Portfolio } from './portfolio.js';

render(
  html`<${Shell} page="portfolio" content=${() => html`<${Portfolio} />`} />`,
  /** @type {HTMLElement} */ (document.getElementById('app')),
);
