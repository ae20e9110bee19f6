// Bringing all users' wallets back in step: rehearsed or done, watched to its end, reported in words. Where a guard
// stopped it, an operator may order it all the same, after a second confirmation.

import { Dialog } from '../shared/dialog.js';
import { html, useState } from '../shared/view.js';
import { SyncAllReport } from './sync-all-report.js';
import { useSyncAll } from './use-sync-all.js';

/** @param {{ onMoved: () => void, onSelect: (id: string) => void }} props */
export function SyncAll({ onMoved, onSelect }) {
  const { view, start } = useSyncAll(onMoved);
  const [isForcing, setForcing] = useState(false);
  const isBusy = view.kind === 'ordered';
  const force = () => {
    setForcing(false);
    void start({ dryRun: false, force: true });
  };
  return html`
    <section class="card" aria-labelledby="sync-all-title" data-testid="sync-all" data-view=${view.kind}>
      <h2 id="sync-all-title">Synchronise all users</h2>
      <p class="soft">Checks every wallet, pool and host; what drifted is checked again before anything is repaired.</p>
      <div class="row">
        <button class="primary" disabled=${isBusy} onClick=${() => start({ dryRun: true, force: false })}>Dry run</button>
        <button disabled=${isBusy} onClick=${() => start({ dryRun: false, force: false })}>Synchronise</button>
      </div>
      <div aria-live="polite">
        <${SyncAllReport} view=${view} onForce=${() => setForcing(true)} onSelect=${onSelect} />
      </div>
      ${isForcing && html`<${ForceDialog} onClose=${() => setForcing(false)} onForce=${force} />`}
    </section>
  `;
}

/** @param {{ onClose: () => void, onForce: () => void }} props */
function ForceDialog({ onClose, onForce }) {
  return html`
    <${Dialog} title="Continue where a guard stopped it?" onClose=${onClose}>
      <p>The guard stops a run that would pay back unusually much at once: a host or a pool file that was lost looks
        like that.</p>
      <ul class="effects">
        <li>Every user with a drift is checked again, and what two checks find orphaned is paid back.</li>
        <li>A source that does not answer still keeps its bots from being touched.</li>
      </ul>
      <div class="row end">
        <button onClick=${onClose}>Not now</button>
        <button class="danger solid" onClick=${onForce}>Synchronise all the same</button>
      </div>
    </${Dialog}>
  `;
}
