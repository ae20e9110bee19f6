// Sending what an operator has decided: once, with an error shown beside the button.

import { toError } from '../shared/to-error.js';
import { useState } from '../shared/view.js';

export function useOrder() {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState(/** @type {Error | null} */ (null));
  /** @param {() => Promise<void>} order what comes after it too */
  const send = async (order) => {
    setBusy(true);
    setProblem(null);
    try {
      await order();
    } catch (error) {
      setProblem(toError(error));
    } finally {
      setBusy(false);
    }
  };
  return { isBusy, problem, send };
}
