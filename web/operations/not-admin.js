// What a user sees here who is no administrator. The API would refuse every read: the page sends none.

import { html } from '../shared/view.js';

/** @param {{ user: string }} props */
export function NotAdmin({ user }) {
  return html`
    <section class="card sign-in" aria-labelledby="not-admin-title" data-testid="not-admin">
      <h1 id="not-admin-title">Operators only</h1>
      <p>
        Here operators decide the stuck jobs of all users. You are signed in as <strong>${user}</strong>, who is no
        administrator.
      </p>
      <p class="soft">Your own bots and their jobs are on your portfolio. To act as an operator, sign out and in again.</p>
      <div class="row"><a class="button primary" href="/">To your portfolio</a></div>
    </section>
  `;
}
