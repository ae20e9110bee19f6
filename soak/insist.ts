// The observer's own calls to servers that are being killed: tried again until they succeed, for a while.

import { pause } from '@reclaim/saga';

const PATIENCE_MS = 60_000;
const AGAIN_AFTER_MS = 200;
const FOREVER = new AbortController().signal;

/** For calls that repeat harmlessly. @throws what the last try threw. */
export async function insist<T>(call: () => Promise<T>): Promise<T> {
  const endMs = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (performance.now() > endMs) throw error;
      await pause(AGAIN_AFTER_MS, FOREVER);
    }
  }
}

/** @returns false when time was over first. @throws the signal's reason. */
export async function untilTrue(
  probe: () => Promise<boolean>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const endMs = performance.now() + timeoutMs;
  while (performance.now() < endMs) {
    signal.throwIfAborted();
    if (await insist(probe)) return true;
    await pause(AGAIN_AFTER_MS, signal);
  }
  return false;
}
