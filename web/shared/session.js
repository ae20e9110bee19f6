// Who is signed in on this page. The token is exchanged for a cookie that no script can read, and then forgotten. Before
// the session ends, and when the server does not accept it any more, a fresh token renews it, where there is one.

import { call, isSignedOut, listenForSignOut, renewBy, serverNowMs, speakFor } from './api.js';
import { forget, freshToken, remember } from './renewal.js';
import { toError } from './to-error.js';
import { useCallback, useEffect, useRef, useState } from './view.js';

/** @typedef {import('../../src/api/schemas/sessions.ts').SessionView} SessionView */

/**
 * @typedef {{ status: 'loading' }
 *   | { status: 'away', problem: Error }
 *   | { status: 'out', hasEnded: boolean, wasRefused: boolean }
 *   | { status: 'in', session: SessionView, problem: Error | null }} SessionState
 *   the problem: why they could not be signed out; wasRefused: the last request came after the end
 */

/** How long before its end a session is shown as over: no user begins what the server will refuse. */
const MARGIN_MS = 2_000;
/** How long before its end a session is renewed; a short one when half of it is left. */
const RENEW_AHEAD_MS = 5 * 60_000;
/** Timers cannot be set further ahead. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export function useSession() {
  const [state, setState] = useState(/** @type {SessionState} */ ({ status: 'loading' }));
  speakFor(state.status === 'in' ? state.session.user : null);
  const enter = useCallback(
    (/** @type {SessionView} */ session) => setState({ status: 'in', session, problem: null }),
    [],
  );
  const end = useCallback(
    (/** @type {boolean} */ wasRefused) =>
      setState((last) => {
        if (last.status === 'in') return { status: 'out', hasEnded: true, wasRefused };
        // A read may have come back first.
        return last.status === 'out' && last.hasEnded && wasRefused
          ? { ...last, wasRefused }
          : last;
      }),
    [],
  );
  const renewal = useRenewal(enter);
  useEffect(() => renewBy(renewal.renew), []);
  useEffect(() => listenForSignOut(end), []);

  const load = useCallback(async () => {
    try {
      enter(await call('GET', '/session'));
    } catch (error) {
      setState(
        isSignedOut(error)
          ? { status: 'out', hasEnded: false, wasRefused: false }
          : { status: 'away', problem: toError(error) },
      );
    }
  }, []);
  useEffect(() => void load(), [load]);
  useEnd(state.status === 'in' ? state.session.expiresAt : null, renewal.renew, end);

  const signIn = useCallback(async (/** @type {string} */ token) => {
    const session = await open(token);
    remember();
    enter(session);
  }, []);

  const signOut = useCallback(async () => {
    try {
      await forget();
      await renewal.settled();
      await call('DELETE', '/session');
    } catch (error) {
      if (!isSignedOut(error)) {
        remember();
        const problem = toError(error);
        setState((last) => (last.status === 'in' ? { ...last, problem } : last));
        return;
      }
    }
    setState({ status: 'out', hasEnded: false, wasRefused: false });
  }, []);

  return { state, reload: load, signIn, signOut };
}

/** One renewal at a time, however many callers need it. @param {(session: SessionView) => void} onRenewed */
function useRenewal(onRenewed) {
  const running = useRef(/** @type {Promise<boolean> | null} */ (null));
  const attempt = async () => {
    const token = await freshToken();
    if (token === null) return false;
    try {
      onRenewed(await open(token));
      return true;
    } catch {
      // Refused, or away: the caller continues as if there were no token.
      return false;
    }
  };
  const renew = useCallback(() => {
    running.current ??= attempt().finally(() => {
      running.current = null;
    });
    return running.current;
  }, []);
  return { renew, settled: async () => void (await running.current) };
}

/**
 * Renews in good time; where that cannot be, ends the session when it ends.
 * @param {string | null} endsAt @param {() => Promise<boolean>} renew @param {(wasRefused: boolean) => void} end
 */
function useEnd(endsAt, renew, end) {
  useEffect(() => {
    if (endsAt === null) return undefined;
    const leftMs = Math.max(0, Date.parse(endsAt) - serverNowMs() - MARGIN_MS);
    const aheadMs = Math.min(RENEW_AHEAD_MS, leftMs / 2);
    const whenOver = async () => {
      if (!(await renew())) end(false);
    };
    const timers = [
      setTimeout(() => void renew(), Math.min(leftMs - aheadMs, MAX_TIMER_MS)),
      setTimeout(() => void whenOver(), Math.min(leftMs, MAX_TIMER_MS)),
    ];
    return () => timers.forEach(clearTimeout);
  }, [endsAt]);
}

/** @param {string} token @returns {Promise<SessionView>} */
function open(token) {
  return call('POST', '/session', { headers: { authorization: `Bearer ${token}` } });
}
