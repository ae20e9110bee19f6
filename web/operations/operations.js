// The page of an operator: what needs a decision, one saga and its world, and what keeps all users' wallets in step.

import { call } from '../shared/api.js';
import { OrphanHistory } from '../shared/orphan-history.js';
import { usePolled } from '../shared/polled.js';
import { Trouble } from '../shared/trouble.js';
import { html, useCallback, useState } from '../shared/view.js';
import { Figures } from './figures.js';
import { Findings } from './findings.js';
import { SagaDetail } from './saga-detail.js';
import { SagaList } from './saga-list.js';
import { Sources } from './sources.js';
import { SyncAll } from './sync-all.js';
import { useSelected } from './use-selected.js';

/** @typedef {import('../../src/operations/overview-schema.ts').OverviewView} Overview */

const EVERY_MS = 5_000;

export function Operations() {
  const overview = usePolled(loadOverview, EVERY_MS);
  // Counts what was decided here: everything that may show it is read again then.
  const [moves, setMoves] = useState(0);
  const { refresh } = overview;
  const onMoved = useCallback(() => {
    setMoves((count) => count + 1);
    void refresh();
  }, []);
  const { selected, select } = useSelected();
  return html`
    <h1 class="unseen">Operations</h1>
    <${Sources} overview=${overview} onMoved=${onMoved} />
    <${Trouble} problem=${overview.problem} what="The overview could not be read again." onRetry=${refresh} />
    <${Figures} overview=${overview} />
    <div class=${selected === null ? 'workspace' : 'workspace chosen'}>
      <${SagaList} moves=${moves} selected=${selected} onSelect=${select} />
      <${SagaDetail} key=${selected} sagaId=${selected} onMoved=${onMoved} />
    </div>
    <div class="pair">
      <${SyncAll} onMoved=${onMoved} onSelect=${select} />
      <${OrphanHistory} moves=${moves} path="/admin/orphans/history" title="All users' orphaned money, last 30 days"
        hint="Each run over all users that is no dry run adds one." />
    </div>
    <${Findings} moves=${moves} onMoved=${onMoved} />
  `;
}

/** @param {AbortSignal} signal @returns {Promise<Overview>} */
function loadOverview(signal) {
  return call('GET', '/admin/overview', { signal });
}
