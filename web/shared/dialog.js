// A dialog of the browser's own: it holds the focus, closes with Escape, and gives the focus back. Not while what was ordered
// in it is on its way: it would seem to have been taken back.

import { html, useEffect, useId, useRef } from './view.js';

/** @param {{ title: string, onClose: () => void, children?: import('./view.js').Children }} props */
export function Dialog({ title, onClose, children }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const titleId = useId();
  useEffect(() => {
    const opener = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (opener instanceof HTMLElement) opener.focus();
    };
  }, []);
  return html`
    <dialog ref=${dialog} aria-labelledby=${titleId} onCancel=${holdWhileBusy} onClose=${onClose}>
      <h2 id=${titleId}>${title}</h2>
      ${children}
    </dialog>
  `;
}

/** @param {any} event */
function holdWhileBusy(event) {
  if (event.currentTarget.querySelector('button[aria-busy="true"]') !== null)
    event.preventDefault();
}
