// The frame of every page: the current page, the current user, and the states in which there is no page yet.

import { useSession } from './session.js';
import { SignIn } from './sign-in.js';
import { Trouble } from './trouble.js';
import { html, useEffect, useState } from './view.js';

/** @typedef {import('../../src/api/schemas/sessions.ts').SessionView} SessionView */

const LINKS = [
  { page: 'portfolio', href: '/', text: 'Portfolio' },
  { page: 'operations', href: '/ops', text: 'Operations', isAdmins: true },
  { page: 'queues', href: '/admin/queues', text: 'Queues', isAdmins: true },
  { page: 'api', href: '/docs', text: 'API' },
];

/**
 * @param {{
 *   page: 'portfolio' | 'operations',
 *   content: (session: SessionView) => unknown,
 * }} props
 */
export function Shell({ page, content }) {
  const { state, reload, signIn, signOut } = useSession();
  const session = state.status === 'in' ? state.session : null;
  return html`
    <a class="skip" href="#main">To the content</a>
    <header class="bar">
      <a class="brand" href="/"><span aria-hidden="true">◐</span> Reclaim</a>
      <nav aria-label="Pages">
        ${LINKS.filter(({ isAdmins }) => isAdmins !== true || session?.isAdmin).map(
          (link) => html`
            <a key=${link.page} href=${link.href} aria-current=${link.page === page ? 'page' : null}>
              ${link.text}
            </a>
          `,
        )}
      </nav>
      ${
        session !== null &&
        html`
        <span class="who">
          ${session.simulatesBots && html`<span class="soft">simulated bots</span>`}
          <span class="badge">${session.user}</span>
          <button class="link" onClick=${signOut}>Sign out</button>
        </span>
      `
      }
    </header>
    <${Offline} />
    <main id="main" tabindex="-1">
      ${state.status === 'loading' && html`<p class="soft" aria-busy="true">Loading …</p>`}
      ${
        state.status === 'away' &&
        html`<${Trouble} problem=${state.problem} what="This page cannot be shown." onRetry=${reload} />`
      }
      ${state.status === 'out' && html`<${SignIn} hasEnded=${state.hasEnded} wasRefused=${state.wasRefused} onToken=${signIn} />`}
      ${state.status === 'in' && html`<${Trouble} problem=${state.problem} what="You are still signed in." onRetry=${signOut} />`}
      ${session !== null && content(session)}
    </main>
  `;
}

/** Shows that the machine has no network: what is shown may be old, and nothing can be begun. */
function Offline() {
  const [isOffline, setOffline] = useState(!navigator.onLine);
  useEffect(() => {
    const update = () => setOffline(!navigator.onLine);
    addEventListener('online', update);
    addEventListener('offline', update);
    return () => {
      removeEventListener('online', update);
      removeEventListener('offline', update);
    };
  }, []);
  if (!isOffline) return null;
  return html`
    <p class="notice bad strip" role="status">
      You are offline. The page shows its last known state; jobs continue without you.
    </p>
  `;
}
