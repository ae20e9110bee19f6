// Everything that connects to Redis but the queues themselves: the connections, one kind for each use, and what watches
// whether Redis serves them. What is opened here is closed here, also while Redis is away.

import {
  answerInTime,
  connectRedis,
  createRedisWatch,
  type RedisRole,
  type RedisWatch,
} from '@reclaim/saga/queue';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';

export interface RedisServicesOptions {
  readonly redisUrl: string;
  readonly keyPrefix: string;
  readonly log: Logger;
}

export function openRedisServices({ redisUrl, keyPrefix, log }: RedisServicesOptions) {
  const sockets: Redis[] = [];
  const redisWatch = watchRedis(() => redis, keyPrefix, log);
  const open = (role: RedisRole) => {
    const socket = connectRedis(redisUrl, role, (err) => void redisWatch.failed(err));
    sockets.push(socket);
    return socket;
  };
  const redis = open('producer');
  const rateLimitRedis = open('rate-limit');
  redisWatch.start();
  return {
    /** Fails fast: for the API's own use. */
    redis,
    redisWatch,
    /** Answers within half a second or fails: every request waits for it. */
    rateLimitRedis,
    /** A connection for a worker: waits for Redis as long as it takes. */
    workerRedis: (): Redis => open('worker'),
    /** Ends the connections of the workers too. */
    close: async (): Promise<void> => {
      await redisWatch.stop();
      for (const socket of sockets) socket.disconnect();
    },
  };
}

function watchRedis(redis: () => Redis, keyPrefix: string, log: Logger): RedisWatch {
  return createRedisWatch({
    write: () =>
      answerInTime(PROBE_TIMEOUT_MS, () =>
        redis().set(`${keyPrefix}:write-probe`, '1', 'PX', PROBE_KEPT_MS),
      ),
    onTrouble: (trouble, err) => log.warn({ trouble, err }, 'redis does not serve the queues'),
    onOver: (outage) => log.warn(outage, 'redis serves the queues again'),
  });
}

const PROBE_KEPT_MS = 60_000;
const PROBE_TIMEOUT_MS = 1_500;
