// Signing in: a click for each user of the demo, Firebase's own form where that is set up, else a token that one
// has. The server decides which of them.

import { call } from './api.js';
import { findFirebase, findWay } from './renewal.js';
import { toError } from './to-error.js';
import { Trouble } from './trouble.js';
import { html, useEffect, useState } from './view.js';

/** @typedef {import('../../src/api/schemas/sessions.ts').SignIn} SignInWay */
/** @typedef {(token: string) => Promise<void>} OnToken */

/** @param {{ hasEnded: boolean, wasRefused: boolean, onToken: OnToken }} props */
export function SignIn({ hasEnded, wasRefused, onToken }) {
  const [way, setWay] = useState(/** @type {SignInWay | null} */ (null));
  const [problem, setProblem] = useState(/** @type {Error | null} */ (null));
  useEffect(() => {
    findWay().then(setWay, setProblem);
  }, []);
  return html`
    <section class="card sign-in" aria-labelledby="sign-in-title">
      <h1 id="sign-in-title">${hasEnded ? 'Your session has ended' : 'Sign in'}</h1>
      <p class="soft">
        ${hasEnded ? afterEnd(wasRefused) : 'Your bots and your money are shown to you alone.'}
      </p>
      <${Trouble} problem=${problem} />
      ${way !== null && html`<${Way} way=${way} onToken=${onToken} />`}
    </section>
  `;
}

/** @param {boolean} wasRefused */
function afterEnd(wasRefused) {
  return wasRefused
    ? 'Nothing was started by your last click: it came after the end. Sign in and click again.'
    : 'Sign in again to continue. Accepted jobs continue without you.';
}

/** @param {{ way: SignInWay, onToken: OnToken }} props */
function Way({ way, onToken }) {
  if (way.kind === 'demo') return html`<${DemoUsers} users=${way.users} onToken=${onToken} />`;
  if (way.kind === 'firebase') return html`<${FirebaseForm} onToken=${onToken} />`;
  return html`<${TokenForm} onToken=${onToken} />`;
}

/** @param {{ users: { user: string, isAdmin: boolean }[], onToken: OnToken }} props */
function DemoUsers({ users, onToken }) {
  const { isBusy, problem, run } = useAttempt();
  const choose = (/** @type {string} */ user) =>
    run(async () => onToken((await call('POST', '/demo/session', { body: { user } })).token));
  return html`
    <p>This is the demo, on this machine alone. Who do you want to be?</p>
    <ul class="demo-users">
      ${users.map(
        ({ user, isAdmin }, at) => html`
          <li key=${user}>
            <button class=${at === 0 ? 'primary' : ''} disabled=${isBusy} onClick=${() => choose(user)}>
              ${user}${isAdmin && html` <span class="badge">operator</span>`}
            </button>
          </li>
        `,
      )}
    </ul>
    <${Trouble} problem=${problem} />
  `;
}

/** @param {{ onToken: OnToken }} props */
function FirebaseForm({ onToken }) {
  const { isBusy, problem, run } = useAttempt();
  useEffect(() => {
    // It loads while they type; an error is shown when they send the form.
    findFirebase().catch(() => undefined);
  }, []);
  const submit = (/** @type {SubmitEvent} */ event) => {
    const fields = fieldsOf(event);
    run(async () => {
      const firebase = await findFirebase();
      if (firebase !== null)
        await onToken(await firebase.signIn(fields('email'), fields('password')));
    });
  };
  return html`
    <form onSubmit=${submit}>
      <label>E-mail <input name="email" type="email" autocomplete="username" required /></label>
      <label>
        Password
        <input name="password" type="password" autocomplete="current-password" required />
      </label>
      <button class="primary" disabled=${isBusy}>Sign in</button>
    </form>
    <${Trouble} problem=${problem} />
  `;
}

/** @param {{ onToken: OnToken }} props */
function TokenForm({ onToken }) {
  const { isBusy, problem, run } = useAttempt();
  const submit = (/** @type {SubmitEvent} */ event) => {
    const fields = fieldsOf(event);
    run(() => onToken(fields('token').trim()));
  };
  return html`
    <form onSubmit=${submit}>
      <label>
        Token
        <input name="token" type="password" autocomplete="off" required aria-describedby="token-help" />
      </label>
      <p id="token-help" class="soft">As <code>npm run token</code> prints it.</p>
      <button class="primary" disabled=${isBusy}>Sign in</button>
    </form>
    <${Trouble} problem=${problem} />
  `;
}

/** @param {SubmitEvent} event */
function fieldsOf(event) {
  event.preventDefault();
  const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
  return (/** @type {string} */ name) => String(form.get(name) ?? '');
}

function useAttempt() {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState(/** @type {Error | null} */ (null));
  const run = async (/** @type {() => Promise<void> | undefined} */ attempt) => {
    setBusy(true);
    setProblem(null);
    try {
      await attempt();
    } catch (error) {
      setProblem(toError(error));
      setBusy(false);
    }
  };
  return { isBusy, problem, run };
}
