// A question to a source that an operator waits for: bounded, timed, and never an exception. I4: what did not answer
// in time, or answered with an error, is unknown with its reason.

import { toFailure, UnavailableError, withDeadline } from '@reclaim/saga';
import { type SourceAnswer, unknown } from '../domain/source.ts';

export interface Timed<T> {
  readonly answer: SourceAnswer<T>;
  readonly tookMs: number;
}

export async function timed<T>(
  question: (signal: AbortSignal) => Promise<SourceAnswer<T>>,
  { ms, signal }: { readonly ms: number; readonly signal: AbortSignal },
): Promise<Timed<T>> {
  const beganMs = performance.now();
  const late = () => new UnavailableError('SOURCE_LATE', `no answer within ${ms} ms`);
  const answer = await withDeadline(question, { ms, signal, late }).catch((error: unknown) =>
    unknown(toFailure(error).message),
  );
  return { answer, tookMs: Math.round(performance.now() - beganMs) };
}
