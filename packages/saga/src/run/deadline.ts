// The one race with time and with an abort. Some promises never settle (a daemon that dies in mid-answer), so nothing here
// relies on the other side's own timeout. The timer is the global one, not that of node:timers/promises: the simulation
// replaces it by its virtual time.

type Cut = 'timeout' | 'aborted';

interface Limit {
  /** Missing: as long as it takes. */
  readonly ms?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Runs `work` with a signal that fires when time is over or the parent aborts. When that happens first,
 * `late(reason)` makes the error; what `work` does afterwards is ignored. It fires with the error of `work` too: of
 * several things that it did at once the others may still be under way. */
export async function withDeadline<T>(
  work: (signal: AbortSignal) => Promise<T>,
  { late, ...limit }: Limit & { readonly late: (why: Cut) => Error },
): Promise<T> {
  if (limit.signal?.aborted) throw late('aborted');
  const controller = new AbortController();
  try {
    return await beforeCut(limit, (cut) => {
      const failed = cut.then((why) => {
        const error = late(why);
        controller.abort(error);
        throw error;
      });
      return Promise.race([work(controller.signal), failed]);
    });
  } catch (error) {
    controller.abort(error);
    throw error;
  }
}

/** What `work` gives, or `late` when time is over or the signal aborts first; `work` continues then. */
export function within<T, Late>(
  work: Promise<T>,
  { late, ...limit }: Limit & { readonly late: Late },
): Promise<T | Late> {
  return beforeCut(limit, (cut) => Promise.race([work, cut.then(() => late)]));
}

/** Waits, at most until the signal aborts; never throws. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  if (ms > 0) await beforeCut({ ms, signal }, (cut) => cut);
}

// No timer and no listener is left, however the race ends.
async function beforeCut<T>(
  { ms, signal }: Limit,
  race: (cut: Promise<Cut>) => Promise<T>,
): Promise<T> {
  const { promise: cut, resolve } = Promise.withResolvers<Cut>();
  const timer = ms === undefined ? undefined : setTimeout(resolve, Math.max(0, ms), 'timeout');
  const onAbort = () => resolve('aborted');
  if (signal?.aborted) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    return await race(cut);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}
