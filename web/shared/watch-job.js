// A job while it runs: streamed by the server as it happens, polled every second where no stream is to be had. Each
// state is the whole job, so a missed one loses nothing.

import { apiUrl, call, Problem } from './api.js';

/** @typedef {import('../../src/api/schemas/job.ts').Job} Job */

const POLL_MS = 1_000;
const MAX_POLL_MS = 10_000;
/** A stream that is silent until then is behind a proxy that holds it back. */
const FIRST_WORD_MS = 3_000;
/** A browser opens six connections to a server, over all of its tabs, and a stream keeps one: more streams than
 * these on one page, or any on a hidden page, would leave none for anything else. */
const MAX_STREAMS = 2;

const ENDED = new Set(['completed', 'compensated', 'cancelled']);
let streams = 0;

/** @param {Job} job */
export function hasEnded({ state }) {
  return ENDED.has(state);
}

/**
 * @param {string} jobId
 * @param {(job: Job) => void} onJob
 * @param {(problem: Problem) => void} onGone the log has no such job, or none of this user: ended ones are forgotten
 * after a while, and a page may sleep for as long
 * @returns {() => void} ends the watch; it ends by itself with the job
 */
export function watchJob(jobId, onJob, onGone) {
  const path = `/jobs/${encodeURIComponent(jobId)}`;
  const stopping = new AbortController();
  const { signal } = stopping;
  /** @param {Job} job */
  const report = (job) => {
    if (signal.aborted) return;
    onJob(job);
    if (hasEnded(job)) stopping.abort();
  };
  /** @param {Problem} problem */
  const end = (problem) => {
    if (signal.aborted) return;
    stopping.abort();
    onGone(problem);
  };
  void follow(path, { report, end }, signal);
  return () => stopping.abort();
}

/** @typedef {{ report: (job: Job) => void, end: (problem: Problem) => void }} Watcher */

/** @param {string} path @param {Watcher} watcher @param {AbortSignal} signal */
async function follow(path, watcher, signal) {
  let canStream = true;
  while (!signal.aborted) {
    if (canStream && streams < MAX_STREAMS && document.visibilityState === 'visible') {
      canStream = await stream(path, watcher, signal);
    } else {
      await poll(path, watcher, signal, () => canStream && streams < MAX_STREAMS);
    }
  }
}

/**
 * @param {string} path @param {Watcher} watcher @param {AbortSignal} signal
 * @returns {Promise<boolean>} false: the server refuses, or nothing comes through
 */
async function stream(path, { report }, signal) {
  const { promise, resolve } = Promise.withResolvers();
  const source = new EventSource(apiUrl(`${path}/events`));
  const silence = setTimeout(() => resolve(false), FIRST_WORD_MS);
  const whenHidden = () => resolve(true);
  const whenStopped = () => resolve(true);
  streams += 1;
  source.addEventListener('message', ({ data }) => {
    clearTimeout(silence);
    report(JSON.parse(data));
  });
  // A stream that broke is opened again by the browser itself; one that was refused is closed.
  source.addEventListener('error', () => {
    if (source.readyState === EventSource.CLOSED) resolve(false);
  });
  document.addEventListener('visibilitychange', whenHidden);
  signal.addEventListener('abort', whenStopped);
  const isGood = await promise;
  streams -= 1;
  source.close();
  clearTimeout(silence);
  document.removeEventListener('visibilitychange', whenHidden);
  signal.removeEventListener('abort', whenStopped);
  return isGood;
}

/**
 * @param {string} path @param {Watcher} watcher @param {AbortSignal} signal
 * @param {() => boolean} canStream called after each answer: true when the page is visible, and a stream is better
 */
async function poll(path, { report, end }, signal, canStream) {
  let waitMs = POLL_MS;
  do {
    try {
      report(await call('GET', path, { signal }));
      waitMs = POLL_MS;
    } catch (error) {
      if (error instanceof Problem && error.kind === 'job-not-found') return end(error);
      // The log cannot be read now, or no user is signed in: the job continues, and is polled less often.
      waitMs = Math.min(2 * waitMs, MAX_POLL_MS);
    }
    await pause(waitMs, signal);
  } while (!signal.aborted && !(canStream() && document.visibilityState === 'visible'));
}

/** @param {number} ms @param {AbortSignal} signal */
function pause(ms, signal) {
  if (signal.aborted) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers();
  const wake = () => resolve(undefined);
  const timer = setTimeout(wake, ms);
  signal.addEventListener('abort', wake);
  return promise.finally(() => {
    clearTimeout(timer);
    signal.removeEventListener('abort', wake);
  });
}
