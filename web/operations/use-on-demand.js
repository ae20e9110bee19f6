// A value that is fetched on demand, and not by the clock: an answer costs the sources an observation. The
// last answer stays while the next is on its way, with the moment it was true.

import { serverNowMs } from '../shared/api.js';
import { toError } from '../shared/to-error.js';
import { useCallback, useEffect, useRef, useState } from '../shared/view.js';

/**
 * @template T
 * @typedef {object} OnDemand
 * @property {T | null} value null: no answer yet
 * @property {number | null} atMs server's clock
 * @property {Error | null} problem
 * @property {boolean} isBusy
 * @property {() => Promise<void>} ask
 */

/**
 * @template T
 * @param {(signal: AbortSignal) => Promise<T>} load
 * @param {readonly unknown[]} about fetched anew when it changes
 * @returns {OnDemand<T>}
 */
export function useOnDemand(load, about) {
  const [state, setState] = useState(
    /** @type {Omit<OnDemand<T>, 'ask'>} */ ({
      value: null,
      atMs: null,
      problem: null,
      isBusy: true,
    }),
  );
  const latest = useRef(load);
  latest.current = load;
  const running = useRef(/** @type {AbortController | null} */ (null));
  const ask = useCallback(async () => {
    running.current?.abort();
    const current = new AbortController();
    running.current = current;
    const { signal } = current;
    setState((last) => ({ ...last, isBusy: true }));
    try {
      const value = await latest.current(signal);
      if (!signal.aborted) setState({ value, atMs: serverNowMs(), problem: null, isBusy: false });
    } catch (error) {
      const problem = toError(error);
      if (!signal.aborted) setState((last) => ({ ...last, problem, isBusy: false }));
    }
  }, []);
  useEffect(() => {
    void ask();
    return () => running.current?.abort();
  }, [ask, ...about]);
  return { ...state, ask };
}
