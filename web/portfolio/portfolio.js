// The page of a trader: the money, the bots, what is being done to them, and what was.

import { call } from '../shared/api.js';
import { OrphanHistory } from '../shared/orphan-history.js';
import { usePolled } from '../shared/polled.js';
import { Trouble } from '../shared/trouble.js';
import { html, useCallback, useEffect, useRef, useState } from '../shared/view.js';
import { Balance } from './balance.js';
import { Bots } from './bots.js';
import { Jobs } from './jobs.js';
import { OrphanNotice } from './orphan-notice.js';
import { useSync } from './sync.js';
import { SyncReport } from './sync-report.js';
import { Transactions } from './transactions.js';
import { useJobs } from './use-jobs.js';

/** @typedef {import('../../src/sync/portfolio.ts').WalletView} WalletView */
/** @typedef {import('../../src/api/schemas/bots.ts').BotView} BotView */

const EVERY_MS = 15_000;

/** @param {{ user: string, syncOnOpen: boolean, provisionsBots: boolean }} props */
export function Portfolio({ user, syncOnOpen, provisionsBots }) {
  const wallet = usePolled(loadWallet, EVERY_MS);
  const bots = usePolled(loadBots, EVERY_MS);
  // Counts the moments at which money may have moved: what shows the past is read again then.
  const [moves, setMoves] = useState(0);
  const onMoved = useCallback(() => {
    setMoves((count) => count + 1);
    void wallet.refresh();
    void bots.refresh();
  }, []);
  const balance = wallet.value?.balance;
  const before = useRef(balance);
  useEffect(() => {
    // A run, the platform or another tab has moved it: the history says so too.
    if (before.current !== undefined && before.current !== balance) setMoves((count) => count + 1);
    before.current = balance;
  }, [balance]);
  const jobs = useJobs(bots.refresh, onMoved);
  const sync = useSync(user, syncOnOpen, onMoved);
  const list = bots.value ?? [];
  const currency = wallet.value?.currency ?? 'USD';
  // Every job that holds a bot is shown, however long ago it began; a synchronisation reports its own jobs.
  useEffect(() => {
    if (sync.isBusy) return;
    for (const { allocation, botName: name } of list) {
      const jobId = allocation.status === 'present' ? allocation.jobId : null;
      if (jobId !== null) jobs.add({ jobId, name });
    }
  }, [bots.value]);

  return html`
    <h1 class="unseen">Portfolio</h1>
    <${OrphanNotice} bots=${list} currency=${currency} sync=${sync} />
    <${Trouble} problem=${wallet.problem} what="Your wallet could not be read again." onRetry=${wallet.refresh} />
    <div class="top">
      <${Balance} wallet=${wallet.value} bots=${bots} sync=${sync} canProvision=${provisionsBots} onJob=${jobs.add} />
      <${OrphanHistory} moves=${moves} />
    </div>
    <${SyncReport} sync=${sync} bots=${list} currency=${currency} />
    <${Jobs} jobs=${jobs} bots=${list} currency=${currency} />
    <${Bots} bots=${bots} currency=${currency} canProvision=${provisionsBots} onJob=${jobs.add} />
    <${Transactions} moves=${moves} />
  `;
}

/** @param {AbortSignal} signal @returns {Promise<WalletView>} */
function loadWallet(signal) {
  return call('GET', '/wallet', { signal });
}

/** @param {AbortSignal} signal @returns {Promise<BotView[]>} */
async function loadBots(signal) {
  return (await call('GET', '/bots', { signal })).bots;
}
