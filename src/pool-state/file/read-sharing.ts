// Lets readers that come together share one read, without ever handing out an older truth: a caller
// joins only a read that has not begun, so what it gets was observed after its call.

import { type SourceUnknown, unknown } from '../../domain/source.ts';

/** A caller that gives up gets `unknown`; the read continues for the others. */
export function createReadSharing<Answer>(
  readOnce: () => Promise<Answer>,
): (signal: AbortSignal) => Promise<Answer | SourceUnknown> {
  let underWay: Promise<unknown> = Promise.resolve();
  let next: Promise<Answer> | null = null;

  function joinNext(): Promise<Answer> {
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

/** The read's answer, or `unknown` when the caller's time is over first. */
export function untilAborted<Answer>(
  read: Promise<Answer>,
  signal: AbortSignal,
): Promise<Answer | SourceUnknown> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer | SourceUnknown>();
  const giveUp = () => resolve(unknown('not read within the time allowed'));
  if (signal.aborted) giveUp();
  signal.addEventListener('abort', giveUp, { once: true });
  read.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  return promise;
}
