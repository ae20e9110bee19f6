// Sync Wallet: asked for, watched to its end, or only rehearsed. A page that opens looks too, if its user lets it:
// such a look only marks what it suspects, and holds nothing up.

import { call, Problem } from '../shared/api.js';
import { recall, remember } from '../shared/memory.js';
import { toError } from '../shared/to-error.js';
import { useCallback, useEffect, useRef, useState } from '../shared/view.js';
import { hasEnded, watchJob } from '../shared/watch-job.js';

/** @typedef {import('../../src/api/schemas/sync.ts').EndedSync} EndedSync */
/** @typedef {NonNullable<EndedSync['data']>} SyncData */
/**
 * @typedef {{ kind: 'none' }
 *   | { kind: 'looking', isRehearsal: boolean }
 *   | { kind: 'found', isRehearsal: boolean, data: SyncData }
 *   | { kind: 'stuck', jobId: string }
 *   | { kind: 'failed', problem: Error, what: string }} SyncView
 */

const SETTING = 'reclaim.sync-on-open';
const LAST = 'reclaim.synced-on-open-at';
/** The server joins such looks too; this keeps a page that is loaded again and again from asking. */
const AT_MOST_EVERY_MS = 60_000;

/**
 * @param {string} user
 * @param {boolean} onOpen whether to look when the page is opened, where its user has not chosen
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
      setView({ kind: 'looking', isRehearsal });
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
        stopWatch.current = watchJob(jobId, (job) => {
          if (job.state === 'stuck') setView({ kind: 'stuck', jobId });
          if (!hasEnded(job)) return;
          const { data } = /** @type {any} */ (job.result ?? {});
          setView(
            data === undefined
              ? { kind: 'failed', problem: new Error('It was cancelled.'), what: UNCHANGED }
              : { kind: 'found', isRehearsal: false, data },
          );
          onMoved();
        });
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
    isBusy: view.kind === 'looking',
    isAutomatic,
    start,
    rehearse,
    toggleAutomatic,
    close,
  };
}

// The demo's orphan waits for its button, unless somebody has said otherwise.
const UNCHANGED = 'Nothing was changed.';
const MAY_HAVE_BEGUN = 'Whether it has begun is not known; what it does, you will see here.';

// I9: an answer that was lost says nothing of the run that it was about. A refusal has promised nothing.
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
  // Nobody waits for it, and the hourly run looks all the same.
  call('POST', '/sync-wallet?passive=true', { isByItself: true }).catch(() => undefined);
}
