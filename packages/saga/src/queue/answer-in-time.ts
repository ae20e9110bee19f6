// Redis calls have no deadline of their own: a server that accepts connections and says nothing would hold its callers.

import { UnavailableError } from '../errors.ts';

/** @throws UnavailableError `REDIS_UNREACHABLE`; whatever the call throws. */
export async function answerInTime<T>(ms: number, call: () => Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(new UnavailableError('REDIS_UNREACHABLE', `no answer within ${ms} ms`));
  }, ms);
  try {
    return await Promise.race([call(), late]);
  } finally {
    clearTimeout(timer);
  }
}
