// The jobs that are shown: those that this page began, and those that were open when it was opened, so that who
// comes back sees what is under way. Each is watched until its end and stays until it is dismissed.

import { call, Problem } from '../shared/api.js';
import { useCallback, useEffect, useRef, useState } from '../shared/view.js';
import { hasEnded, watchJob } from '../shared/watch-job.js';

/** @typedef {import('../../src/api/schemas/job.ts').Job} Job */
/** @typedef {{ jobId: string, name: string | null, job: Job | null, isGone: boolean }} ShownJob */
/** @typedef {(begun: { jobId: string, name: string | null }) => void} AddJob */
/** @typedef {ReturnType<typeof useJobs>} ShownJobs */

const SHOWN_KINDS = new Set(['delete-bot', 'reclaim-orphan', 'provision-bot']);

/**
 * @param {() => void} onLocked called when a job has begun to hold its bot
 * @param {() => void} onMoved called when a job has ended
 */
export function useJobs(onLocked, onMoved) {
  const [shown, setShown] = useState(/** @type {readonly ShownJob[]} */ ([]));
  const watches = useRef(/** @type {Map<string, () => void>} */ (new Map()));

  const add = useCallback(
    (/** @type {{ jobId: string, name: string | null }} */ { jobId, name }) => {
      if (watches.current.has(jobId)) return;
      setShown((last) => [{ jobId, name, job: null, isGone: false }, ...last]);
      const change = (/** @type {Partial<ShownJob>} */ what) =>
        setShown((last) => last.map((one) => (one.jobId === jobId ? { ...one, ...what } : one)));
      let wasLocked = false;
      const onJob = (/** @type {Job} */ job) => {
        change({ job });
        const isLocked = job.steps[0]?.status === 'done';
        if (hasEnded(job)) onMoved();
        else if (isLocked && !wasLocked) onLocked();
        wasLocked ||= isLocked;
      };
      const onGone = () => {
        change({ isGone: true });
        onMoved();
      };
      watches.current.set(jobId, watchJob(jobId, onJob, onGone));
    },
    [],
  );

  const putAway = useCallback((/** @type {string} */ jobId) => {
    watches.current.get(jobId)?.();
    watches.current.delete(jobId);
    setShown((last) => last.filter((one) => one.jobId !== jobId));
  }, []);

  useEffect(() => {
    const opened = new AbortController();
    void addOpen(add, opened.signal);
    return () => {
      opened.abort();
      for (const stop of watches.current.values()) stop();
    };
  }, []);

  return { shown, add, putAway };
}

/** @param {AddJob} add @param {AbortSignal} signal */
async function addOpen(add, signal) {
  try {
    const { jobs } = await call('GET', '/jobs?limit=50', { signal });
    for (const job of jobs) {
      if (!hasEnded(job) && SHOWN_KINDS.has(job.kind)) add({ jobId: job.jobId, name: null });
    }
  } catch (error) {
    // The jobs continue unwatched; their effects on the bots are shown all the same.
    if (!(error instanceof Problem) && !signal.aborted) throw error;
  }
}
