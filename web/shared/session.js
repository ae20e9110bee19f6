// Who is signed in on this page. The token is exchanged for a cookie that no script can read, and then forgotten.

import { call, listenForSignOut, Problem } from './api.js';
import { useCallback, useEffect, useState } from './view.js';

/** @typedef {import('../../src/api/schemas/sessions.ts').SessionView} SessionView */

/**
 * @typedef {{ status: 'loading' }
 *   | { status: 'away', problem: Error }
 *   | { status: 'out', hasEnded: boolean }
 *   | { status: 'in', session: SessionView }} SessionState
 */

/** How long before its end a session is shown as over: nobody begins what the server will refuse. */
const MARGIN_MS = 2_000;
/** Timers cannot be set further ahead. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export function useSession() {
  const [state, setState] = useState(/** @type {SessionState} */ ({ status: 'loading' }));

  const load = useCallback(async () => {
    try {
      setState({ status: 'in', session: await call('GET', '/session') });
    } catch (error) {
      const isOut = error instanceof Problem && error.kind === 'unauthenticated';
      const problem = error instanceof Error ? error : new Error(String(error));
      setState(isOut ? { status: 'out', hasEnded: false } : { status: 'away', problem });
    }
  }, []);

  useEffect(() => void load(), [load]);
  useEffect(
    () =>
      listenForSignOut(() =>
        setState((last) => (last.status === 'in' ? { status: 'out', hasEnded: true } : last)),
      ),
    [],
  );

  const endsAt = state.status === 'in' ? state.session.expiresAt : null;
  useEffect(() => {
    if (endsAt === null) return undefined;
    const leftMs = Math.max(0, Date.parse(endsAt) - Date.now() - MARGIN_MS);
    const end = () => setState({ status: 'out', hasEnded: true });
    const timer = setTimeout(end, Math.min(leftMs, MAX_TIMER_MS));
    return () => clearTimeout(timer);
  }, [endsAt]);

  const signIn = useCallback(async (/** @type {string} */ token) => {
    const session = await call('POST', '/session', {
      headers: { authorization: `Bearer ${token}` },
    });
    setState({ status: 'in', session });
  }, []);

  const signOut = useCallback(async () => {
    await call('DELETE', '/session').catch(() => undefined);
    setState({ status: 'out', hasEnded: false });
  }, []);

  return { state, reload: load, signIn, signOut };
}
