// The deadline that every Docker call is raced with. A daemon that dies in mid-answer leaves dockerode's
// promise pending for ever, whatever timeout or abort signal it was given, so waiting ends here; the
// abort only gives the socket back.

export type DeadlineOutcome<T> =
  | { readonly status: 'done'; readonly value: T }
  | { readonly status: 'failed'; readonly error: unknown }
  | { readonly status: 'late' }
  | { readonly status: 'aborted' };

export async function withDeadline<T>(
  deadlineMs: number,
  signal: AbortSignal,
  run: (abortSignal: AbortSignal) => Promise<T>,
): Promise<DeadlineOutcome<T>> {
  if (signal.aborted) return { status: 'aborted' };
  const controller = new AbortController();
  const { promise, resolve } = Promise.withResolvers<DeadlineOutcome<T>>();
  const onAbort = () => resolve({ status: 'aborted' });
  const timer = setTimeout(() => resolve({ status: 'late' }), deadlineMs);
  signal.addEventListener('abort', onAbort, { once: true });
  // Inside an async function a synchronous throw is a rejection too.
  (async () => run(controller.signal))().then(
    (value) => resolve({ status: 'done', value }),
    (error) => resolve({ status: 'failed', error }),
  );
  try {
    const outcome = await promise;
    if (outcome.status === 'late' || outcome.status === 'aborted') controller.abort();
    return outcome;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}
