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
      if (opener instanceof HTMLElement) giveFocusBack(opener);
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

/** Of what was decided, the answer that takes the opener away comes later than this. */
const STAYS = { childList: true, subtree: true, attributes: true, attributeFilter: ['disabled'] };

// A decision often takes away the very button that it was opened by. Who works by keyboard would begin anew at the top of
// the page then: the section that the button was in gets the focus.
/** @param {HTMLElement} opener */
function giveFocusBack(opener) {
  const home = opener.closest('section') ?? document.querySelector('main');
  const leave = () => {
    observer.disconnect();
    document.removeEventListener('focusin', leave);
  };
  const keep = () => {
    if (opener.isConnected && !opener.matches(':disabled')) return;
    leave();
    if (home === null || !home.isConnected) return;
    home.tabIndex = -1;
    home.focus({ preventScroll: true });
  };
  const observer = new MutationObserver(keep);
  opener.focus();
  document.addEventListener('focusin', leave);
  observer.observe(document.body, STAYS);
  keep();
}
