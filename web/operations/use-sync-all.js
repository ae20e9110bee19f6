// A run over all users, from its order to its end.

import { call } from '../shared/api.js';
import { toError } from '../shared/to-error.js';
import { useCallback, useEffect, useRef, useState } from '../shared/view.js';
import { hasEnded, watchJob } from '../shared/watch-job.js';

/** @typedef {import('../../src/api/schemas/job.ts').Job} Job */
/**
 * @typedef {{ kind: 'none' }
 *   | { kind: 'ordered', job: Job | null }
 *   | { kind: 'ended', job: Job }
 *   | { kind: 'stuck', job: Job }
 *   | { kind: 'failed', problem: Error }} SyncAllView
 */

/** @param {() => void} onMoved */
export function useSyncAll(onMoved) {
  const [view, setView] = useState(/** @type {SyncAllView} */ ({ kind: 'none' }));
  const stopWatch = useRef(() => {});
  useEffect(() => () => stopWatch.current(), []);
  const start = useCallback(
    async (/** @type {{ dryRun: boolean, force: boolean }} */ { dryRun, force }) => {
      stopWatch.current();
      setView({ kind: 'ordered', job: null });
      try {
        const path = `/admin/sync-all?dryRun=${dryRun}&force=${force}`;
        const { jobId } = await call('POST', path);
        const onJob = (/** @type {Job} */ job) => {
          setView({ kind: kindOf(job), job });
          if (hasEnded(job)) onMoved();
        };
        stopWatch.current = watchJob(jobId, onJob, (problem) =>
          setView({ kind: 'failed', problem }),
        );
      } catch (error) {
        const problem = toError(error);
        setView({ kind: 'failed', problem });
      }
    },
    [],
  );
  return { view, start };
}

/** @param {Job} job @returns {'ordered' | 'ended' | 'stuck'} */
function kindOf(job) {
  if (hasEnded(job)) return 'ended';
  return job.state === 'stuck' ? 'stuck' : 'ordered';
}
