// A wait with an end, between two looks.

import { InDoubtError } from '../../saga/errors.ts';

/** @throws InDoubtError when the signal aborts it. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const abort = () => reject(new InDoubtError('DOCKER_ABORTED', 'aborted while waiting'));
  if (signal.aborted) abort();
  const timer = setTimeout(resolve, ms);
  signal.addEventListener('abort', abort, { once: true });
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}
