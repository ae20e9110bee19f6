// Sync Wallet: ordered, watched to its end, or only rehearsed. A page that opens checks too, if its user allows it:
// such a run only records what it suspects, and holds nothing up.

import { call, Problem } from '../shared/api.js';
import { recall, remember } from '../shared/memory.js';
import { toError } from '../shared/to-error.js';
import { useCallback, useEffect, useRef, useState } from '../shared/view.js';
import { hasEnded, watchJob } from '../shared/watch-job.js';

/** @typedef {import('../../src/api/schemas/sync.ts').EndedSync} EndedSync */
/** @typedef {NonNullable<EndedSync['data']>} SyncData */
/**
 * @typedef {{ kind: 'none' }
 *   | { kind: 'checking', isRehearsal: boolean }
 *   | { kind: 'found', isRehearsal: boolean, data: SyncData }
 *   | { kind: 'stuck', jobId: string }
 *   | { kind: 'failed', problem: Error, what: string }} SyncView
 */

const SETTING = 'reclaim.sync-on-open';
const LAST = 'reclaim.synced-on-open-at';
/** The server joins such runs too; this keeps a page that is loaded again and again from ordering one. */
const AT_MOST_EVERY_MS = 60_000;

/**
 * @param {string} user
 * @param {boolean} onOpen whether to check when the page is opened, where its user has not chosen
 * @param {() => void} onMoved
 */
export function useSync(user, onOpen, onMoved) {
  const [view, setView] = useState(/** @type {SyncView} */ ({ kind: 'none' }));
  const [isAutomatic, setAutomatic] = useState(
    () => (recall(SETTING) ?? (onOpen ? 'on' : 'off')) === 'on',
  );
  const stopWatch = useRef(() => {});

  const attempt = useCallback(
    async (/** @type {boolean} */ isRehearsal, /** @type {() => Promise<void>} */ work) => {
      stopWatch.current();
      setView({ kind: 'checking', isRehearsal });
      try {
        await work();
      } catch (error) {
        const problem = toError(error);
        const what = isRehearsal || isRefusal(problem) ? UNCHANGED : MAY_HAVE_BEGUN;
        setView({ kind: 'failed', problem, what });
      }
    },
    [],
  );

  const rehearse = useCallback(
    () =>
      attempt(true, async () => {
        const { data } = await call('POST', '/sync-wallet?dryRun=true');
        setView({ kind: 'found', isRehearsal: true, data });
      }),
    [],
  );

  const start = useCallback(
    () =>
      attempt(false, async () => {
        const { jobId } = await call('POST', '/sync-wallet');
        const onGone = (/** @type {Problem} */ problem) =>
          setView({ kind: 'failed', problem, what: MAY_HAVE_BEGUN });
        const onJob = (/** @type {import('../../src/api/schemas/job.ts').Job} */ job) => {
          if (job.state === 'stuck') setView({ kind: 'stuck', jobId });
          if (!hasEnded(job)) return;
          const { data } = /** @type {any} */ (job.result ?? {});
          setView(
            data === undefined
              ? { kind: 'failed', problem: new Error('It was cancelled.'), what: UNCHANGED }
              : { kind: 'found', isRehearsal: false, data },
          );
          onMoved();
        };
        stopWatch.current = watchJob(jobId, onJob, onGone);
      }),
    [],
  );

  const toggleAutomatic = useCallback(() => {
    setAutomatic((was) => {
      remember(SETTING, was ? 'off' : 'on');
      return !was;
    });
  }, []);

  useEffect(() => {
    if (isAutomatic) observeInPassing(user);
    return () => stopWatch.current();
  }, []);

  const close = useCallback(() => setView({ kind: 'none' }), []);
  return {
    view,
    isBusy: view.kind === 'checking',
    isAutomatic,
    start,
    rehearse,
    toggleAutomatic,
    close,
  };
}

// The demo's orphan waits for its button, unless a user has chosen otherwise.
const UNCHANGED = 'Nothing was changed.';
const MAY_HAVE_BEGUN = 'Whether it has begun is not known; what it does, you will see here.';

// I9: a lost answer proves nothing about its run. A refused order has begun none.
/** @param {Error} problem */
function isRefusal(problem) {
  if (!(problem instanceof Problem)) return false;
  return problem.status === 503 || (problem.status >= 400 && problem.status < 500);
}

/** @param {string} user */
function observeInPassing(user) {
  const last = `${LAST}.${user}`;
  const agoMs = Date.now() - Number(recall(last) ?? 0);
  // A moment to come was written by a clock that was wrong.
  if (agoMs >= 0 && agoMs < AT_MOST_EVERY_MS) return;
  remember(last, String(Date.now()));
  // No user waits for it, and the hourly run checks all the same.
  call('POST', '/sync-wallet?passive=true', { isByItself: true }).catch(() => undefined);
}
