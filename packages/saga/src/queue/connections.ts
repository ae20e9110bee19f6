// Three kinds of Redis connection: callers of the API fail fast and leave the rest to the relay; the rate
// limit, which every request waits for, fails faster; workers wait for Redis as long as it takes.

import { Redis } from 'ioredis';
import { UnavailableError } from '../errors.ts';
import { withDeadline } from '../run/deadline.ts';
import { needsNewSocket } from './redis-trouble.ts';

export type RedisRole = 'producer' | 'rate-limit' | 'worker';

/** A Redis that accepts connections and never answers must not hold up polling (I9). */
const RATE_LIMIT_TIMEOUT_MS = 500;

export function connectRedis(
  url: string,
  role: RedisRole,
  onError: (error: unknown) => void,
): Redis {
  const redis = new Redis(url, {
    ...(role === 'worker'
      ? { maxRetriesPerRequest: null }
      : { enableOfflineQueue: false, maxRetriesPerRequest: 1 }),
    ...(role === 'rate-limit' && { commandTimeout: RATE_LIMIT_TIMEOUT_MS }),
    // Never gives up, never in a tight loop: an outage of Redis ends by itself.
    retryStrategy: (times) => Math.min(100 * 2 ** Math.min(times, 5), 1_000),
    // The command is refused to its caller all the same: whether it is repeated is decided above, not here.
    reconnectOnError: needsNewSocket,
    enableAutoPipelining: role !== 'worker',
  });
  redis.on('error', onError);
  return redis;
}

/** Redis calls have no deadline of their own: a server that accepts connections and never answers would hold its callers.
 * @throws UnavailableError `REDIS_UNREACHABLE`; any error of the call itself. */
export function answerInTime<T>(ms: number, call: () => Promise<T>): Promise<T> {
  const late = () => new UnavailableError('REDIS_UNREACHABLE', `no answer within ${ms} ms`);
  return withDeadline(call, { ms, late });
}
