// Lets readers that come together share one read, without ever handing out an older truth: a caller
// joins only a read that has not begun, so what it gets was observed after it asked.

import type { SnapshotAnswer } from './pool-file-reader.ts';

/** A caller that gives up gets `unknown`; the read goes on for the others. */
export function createReadSharing(
  readOnce: () => Promise<SnapshotAnswer>,
): (signal: AbortSignal) => Promise<SnapshotAnswer> {
  let underWay: Promise<unknown> = Promise.resolve();
  let next: Promise<SnapshotAnswer> | null = null;

  function joinNext(): Promise<SnapshotAnswer> {
    if (next !== null) return next;
    const begun = underWay.then(() => {
      next = null;
      return readOnce();
    });
    next = begun;
    // `readOnce` answers instead of throwing, so the chain never breaks.
    underWay = begun;
    return begun;
  }

  return (signal) => untilAborted(joinNext(), signal);
}

function untilAborted(read: Promise<SnapshotAnswer>, signal: AbortSignal): Promise<SnapshotAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<SnapshotAnswer>();
  const giveUp = () => resolve({ status: 'unknown', reason: 'not read within the time allowed' });
  if (signal.aborted) giveUp();
  signal.addEventListener('abort', giveUp, { once: true });
  read.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  return promise;
}
