// A dialog of the browser's own: it holds the focus, closes with Escape, and gives the focus back.

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
    <dialog ref=${dialog} aria-labelledby=${titleId} onClose=${onClose}>
      <h2 id=${titleId}>${title}</h2>
      ${children}
    </dialog>
  `;
}
