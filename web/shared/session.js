// Who is signed in on this page. The token is exchanged for a cookie that no script can read, and then forgotten.

import { call, listenForSignOut, Problem, serverNowMs } from './api.js';
import { leaveFirebase } from './firebase.js';
import { useCallback, useEffect, useState } from './view.js';

/** @typedef {import('../../src/api/schemas/sessions.ts').SessionView} SessionView */

/**
 * @typedef {{ status: 'loading' }
 *   | { status: 'away', problem: Error }
 *   | { status: 'out', why: 'nobody' | 'ended' | 'left' }
 *   | { status: 'in', session: SessionView, problem: Error | null }} SessionState
 */

/** How long before its end a session is shown as over: nobody begins what the server will refuse. */
const MARGIN_MS = 2_000;
/** Timers cannot be set further ahead. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export function useSession() {
  const [state, setState] = useState(/** @type {SessionState} */ ({ status: 'loading' }));

  const load = useCallback(async () => {
    try {
      setState({ status: 'in', session: await call('GET', '/session'), problem: null });
    } catch (error) {
      const isOut = error instanceof Problem && error.kind === 'unauthenticated';
      const problem = error instanceof Error ? error : new Error(String(error));
      setState(isOut ? { status: 'out', why: 'nobody' } : { status: 'away', problem });
    }
  }, []);

  useEffect(() => void load(), [load]);
  useEffect(
    () =>
      listenForSignOut(() =>
        setState((last) => (last.status === 'in' ? { status: 'out', why: 'ended' } : last)),
      ),
    [],
  );

  const endsAt = state.status === 'in' ? state.session.expiresAt : null;
  useEffect(() => {
    if (endsAt === null) return undefined;
    const leftMs = Math.max(0, Date.parse(endsAt) - serverNowMs() - MARGIN_MS);
    const end = () => setState({ status: 'out', why: 'ended' });
    const timer = setTimeout(end, Math.min(leftMs, MAX_TIMER_MS));
    return () => clearTimeout(timer);
  }, [endsAt]);

  const signIn = useCallback(async (/** @type {string} */ token) => {
    const session = await call('POST', '/session', {
      headers: { authorization: `Bearer ${token}` },
    });
    setState({ status: 'in', session, problem: null });
  }, []);

  const signOut = useCallback(async () => {
    try {
      await leaveFirebase();
      await call('DELETE', '/session');
      setState({ status: 'out', why: 'left' });
    } catch (error) {
      // Only the server can take the cookie back: without it, whoever comes next is signed in.
      const problem = error instanceof Error ? error : new Error(String(error));
      setState((last) => (last.status === 'in' ? { ...last, problem } : last));
    }
  }, []);

  return { state, reload: load, signIn, signOut };
}
