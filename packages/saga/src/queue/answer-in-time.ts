// Redis calls have no deadline of their own: a server that accepts connections and never answers would hold its
// callers.

import { UnavailableError } from '../errors.ts';
import { withDeadline } from '../run/deadline.ts';

/** @throws UnavailableError `REDIS_UNREACHABLE`; any error of the call itself. */
export function answerInTime<T>(ms: number, call: () => Promise<T>): Promise<T> {
  const late = () => new UnavailableError('REDIS_UNREACHABLE', `no answer within ${ms} ms`);
  return withDeadline(call, { ms, late });
}
