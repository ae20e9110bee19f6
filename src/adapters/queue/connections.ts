// Two kinds of Redis connection: callers of the API fail fast and leave the rest to the relay; workers wait
// for Redis as long as it takes.

import { Redis } from 'ioredis';

export type RedisRole = 'producer' | 'worker';

export function connectRedis(
  url: string,
  role: RedisRole,
  onError: (error: unknown) => void,
): Redis {
  const redis = new Redis(url, {
    ...(role === 'producer'
      ? { enableOfflineQueue: false, maxRetriesPerRequest: 1 }
      : { maxRetriesPerRequest: null }),
    // Never gives up, never in a tight loop: an outage of Redis ends by itself.
    retryStrategy: (times) => Math.min(100 * 2 ** Math.min(times, 5), 1_000),
    enableAutoPipelining: role === 'producer',
  });
  redis.on('error', onError);
  return redis;
}
