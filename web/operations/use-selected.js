// Which saga is shown. It is part of the address, so that it can be linked to, and the browser's Back leads to the
// one before.

import { useCallback, useEffect, useState } from '../shared/view.js';

/** @param {string} sagaId */
export function addressOf(sagaId) {
  return `/ops?saga=${encodeURIComponent(sagaId)}`;
}

export function useSelected() {
  const [selected, setSelected] = useState(inAddress);
  useEffect(() => {
    const follow = () => setSelected(inAddress());
    addEventListener('popstate', follow);
    return () => removeEventListener('popstate', follow);
  }, []);
  const select = useCallback((/** @type {string | null} */ sagaId) => {
    if (sagaId !== inAddress()) {
      history.pushState(null, '', sagaId === null ? '/ops' : addressOf(sagaId));
    }
    setSelected(sagaId);
  }, []);
  return { selected, select };
}

function inAddress() {
  const sagaId = new URLSearchParams(location.search).get('saga');
  return sagaId === '' ? null : sagaId;
}
