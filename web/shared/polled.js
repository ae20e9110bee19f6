// Something of the server that a page shows and keeps fresh: read at once, again every so often while the page is
// visible, and when the page, or the network, comes back. The last value stays when a read fails, with the moment it
// was true.

import { serverNowMs } from './api.js';
import { toError } from './to-error.js';
import { useCallback, useEffect, useRef, useState } from './view.js';

/**
 * @template T
 * @typedef {object} Polled
 * @property {T | null} value null: not read yet
 * @property {number | null} atMs when the value was read, server's clock
 * @property {Error | null} problem why the last read failed
 * @property {() => Promise<void>} refresh
 */

/**
 * @template T
 * @param {(signal: AbortSignal) => Promise<T>} load
 * @param {number} everyMs
 * @param {readonly unknown[]} [about] what it depends on: another one is another value
 * @returns {Polled<T>}
 */
export function usePolled(load, everyMs, about = []) {
  const [state, setState] = useState(
    /** @type {{ value: T | null, atMs: number | null, problem: Error | null }} */ ({
      value: null,
      atMs: null,
      problem: null,
    }),
  );
  const latest = useRef(load);
  latest.current = load;
  const running = useRef(/** @type {AbortController | null} */ (null));

  const refresh = useCallback(async () => {
    running.current?.abort();
    const current = new AbortController();
    running.current = current;
    try {
      const value = await latest.current(current.signal);
      if (!current.signal.aborted) setState({ value, atMs: serverNowMs(), problem: null });
    } catch (error) {
      const problem = toError(error);
      if (!current.signal.aborted) setState((last) => ({ ...last, problem }));
    }
  }, []);

  useEffect(() => {
    const whenSeen = () => {
      if (document.visibilityState === 'visible') void refresh();
    };
    void refresh();
    const timer = setInterval(whenSeen, everyMs);
    document.addEventListener('visibilitychange', whenSeen);
    addEventListener('online', whenSeen);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', whenSeen);
      removeEventListener('online', whenSeen);
      running.current?.abort();
    };
  }, [everyMs, refresh, ...about]);

  return { ...state, refresh };
}
