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
export function withDeadline<T>(
  work: (signal: AbortSignal) => Promise<T>,
  { late, ...limit }: Limit & { readonly late: (why: Cut) => Error },
): Promise<T> {
  // Each call of a worker passes here: one promise and one timer, where a race of promises takes eight.
  return new Promise((resolve, reject) => {
    if (limit.signal?.aborted) throw late('aborted');
    const controller = new AbortController();
    const fail = (error: unknown) => {
      controller.abort(error);
      reject(error);
    };
    const cut = onCut(limit, (why) => fail(late(why)));
    const failed = (error: unknown) => {
      cut.forget();
      fail(error);
    };
    try {
      work(controller.signal).then((value) => {
        cut.forget();
        resolve(value);
      }, failed);
    } catch (error) {
      failed(error);
    }
  });
}

/** What `work` gives, or `late` when time is over or the signal aborts first; `work` continues then. */
export function within<T, Late>(
  work: Promise<T>,
  { late, ...limit }: Limit & { readonly late: Late },
): Promise<T | Late> {
  return new Promise((resolve, reject) => {
    // What is there already goes before a signal that has aborted already.
    work.then(
      (value) => {
        cut.forget();
        resolve(value);
      },
      (error: unknown) => {
        cut.forget();
        reject(error);
      },
    );
    const cut = onCut(limit, () => resolve(late));
  });
}

/** Waits, at most until the signal aborts; never throws. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (ms > 0) onCut({ ms, signal }, () => resolve());
    else resolve();
  });
}

/** A longer one would ring at once. What is to last for weeks has no end. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Calls back once, and never before it returns. No timer and no listener is left then, nor when it is forgotten. */
function onCut({ ms, signal }: Limit, call: (why: Cut) => void): { readonly forget: () => void } {
  let isOver = false;
  const forget = () => {
    isOver = true;
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  };
  const end = (why: Cut) => {
    if (isOver) return;
    forget();
    call(why);
  };
  const onAbort = () => end('aborted');
  const isTimed = ms !== undefined && !(ms > LONGEST_TIMER_MS);
  const timer = isTimed ? setTimeout(end, Math.max(0, ms), 'timeout') : undefined;
  if (signal?.aborted) queueMicrotask(onAbort);
  else signal?.addEventListener('abort', onAbort, { once: true });
  return { forget };
}
