// Races a promise with a deadline of our own and with an abort. Some promises never settle (a daemon that
// dies in mid-answer), so nothing here relies on the other side's own timeout.

/** Runs `work` with a signal that fires when time is over or the parent aborts. When that happens first,
 * `late(reason)` makes the error; what `work` does afterwards is ignored. It fires with the error of `work` too: of
 * several things that it did at once the others may still be under way. */
export async function withDeadline<T>(
  work: (signal: AbortSignal) => Promise<T>,
  {
    ms,
    signal,
    late,
  }: {
    readonly ms: number;
    readonly signal: AbortSignal;
    readonly late: (why: 'timeout' | 'aborted') => Error;
  },
): Promise<T> {
  if (signal.aborted) throw late('aborted');
  const controller = new AbortController();
  const { promise: cut, reject } = Promise.withResolvers<never>();
  const stop = (why: 'timeout' | 'aborted') => {
    const error = late(why);
    reject(error);
    controller.abort(error);
  };
  const timer = setTimeout(stop, Math.max(0, ms), 'timeout');
  const onAbort = () => stop('aborted');
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work(controller.signal), cut]);
  } catch (error) {
    controller.abort(error);
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

/** Waits, at most until the signal aborts; never throws. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted || ms <= 0) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const onAbort = () => resolve();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}
