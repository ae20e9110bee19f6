// A job as it goes on: told by the server as it happens, asked for every second where that cannot be had. Each
// state is the whole job, so one that is missed is missed by nobody.

import { apiUrl, call } from './api.js';

/** @typedef {import('../../src/api/schemas/job.ts').Job} Job */

const POLL_MS = 1_000;
const MAX_POLL_MS = 10_000;
/** A stream that has said nothing by then is behind something that holds it back. */
const FIRST_WORD_MS = 3_000;

const ENDED = new Set(['completed', 'compensated', 'cancelled']);

/** @param {Job} job */
export function hasEnded({ state }) {
  return ENDED.has(state);
}

/**
 * @param {string} jobId
 * @param {(job: Job) => void} onJob
 * @returns {() => void} ends the watch; it ends by itself with the job
 */
export function watchJob(jobId, onJob) {
  const path = `/jobs/${encodeURIComponent(jobId)}`;
  const stopping = new AbortController();
  const { signal } = stopping;
  const stream = new EventSource(apiUrl(`${path}/events`));
  let polling = false;

  /** @param {Job} job */
  const tell = (job) => {
    if (signal.aborted) return;
    onJob(job);
    if (hasEnded(job)) stopping.abort();
  };
  const poll = () => {
    if (polling || signal.aborted) return;
    polling = true;
    stream.close();
    void pollJob(path, tell, signal);
  };
  const silence = setTimeout(poll, FIRST_WORD_MS);
  stream.addEventListener('message', ({ data }) => {
    clearTimeout(silence);
    tell(JSON.parse(data));
  });
  // A stream that broke is opened again by the browser itself; one that was refused is closed.
  stream.addEventListener('error', () => {
    if (stream.readyState === EventSource.CLOSED) poll();
  });
  signal.addEventListener('abort', () => {
    clearTimeout(silence);
    stream.close();
  });
  return () => stopping.abort();
}

/** @param {string} path @param {(job: Job) => void} tell @param {AbortSignal} signal */
async function pollJob(path, tell, signal) {
  let waitMs = POLL_MS;
  while (!signal.aborted) {
    try {
      tell(await call('GET', path, { signal }));
      waitMs = POLL_MS;
    } catch {
      // The log cannot be read now, or nobody is signed in: the job goes on, and is asked for less often.
      waitMs = Math.min(2 * waitMs, MAX_POLL_MS);
    }
    await pause(waitMs, signal);
  }
}

/** @param {number} ms @param {AbortSignal} signal */
function pause(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve(undefined);
    });
  });
}
