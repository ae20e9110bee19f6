// Everything that talks to Redis: the queues, their connections and those that are made for workers. What is opened here
// is closed here, also while Redis is away.

import { pause } from '@reclaim/saga';
import {
  answerInTime,
  connectRedis,
  createRedisWatch,
  type RedisRole,
  type RedisWatch,
  type SagaQueue,
} from '@reclaim/saga/queue';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { type QueueName, queueFor } from './adapters/queue/queue-names.ts';

export interface QueueParts {
  readonly queues: ReadonlyMap<QueueName, SagaQueue>;
  /** The queue that a kind of saga runs on. */
  queueOf(kind: string): SagaQueue;
  /** Fails fast: for the API's own use. */
  readonly redis: Redis;
  readonly redisWatch: RedisWatch;
  /** Answers within half a second or fails: every request waits for it. */
  readonly rateLimitRedis: Redis;
  /** A connection for a worker: waits for Redis as long as it takes. */
  workerRedis(): Redis;
  /** Ends the connections of the workers too. */
  close(): Promise<void>;
}

export interface QueuePartsOptions {
  readonly redisUrl: string;
  readonly keyPrefix: string;
  readonly log: Logger;
}

const QUEUE_NAMES: readonly QueueName[] = ['deletion', 'sync', 'health'];

export function openQueueParts({ redisUrl, keyPrefix, log }: QueuePartsOptions): QueueParts {
  const sockets: Redis[] = [];
  const redisWatch = watchRedis(() => redis, keyPrefix, log);
  const open = (role: RedisRole) => {
    const socket = connectRedis(redisUrl, role, (err) => void redisWatch.failed(err));
    sockets.push(socket);
    return socket;
  };
  const redis = open('producer');
  const rateLimitRedis = open('rate-limit');
  const queues = new Map(
    QUEUE_NAMES.map((name) => [name, openQueue(name, redis, keyPrefix)] as const),
  );
  for (const [name, queue] of queues) {
    queue.on('error', (err) => {
      if (!redisWatch.failed(err)) log.warn({ err, queue: name }, 'queue');
    });
  }
  redisWatch.start();
  return {
    queues,
    queueOf: (kind) => {
      const queue = queues.get(queueFor(kind));
      if (queue === undefined) throw new RangeError(`no queue for ${kind}`);
      return queue;
    },
    redis,
    redisWatch,
    rateLimitRedis,
    workerRedis: () => open('worker'),
    close: async () => {
      await redisWatch.stop();
      await closeQueues([...queues.values()], log);
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

function openQueue(name: QueueName, connection: Redis, prefix: string): SagaQueue {
  // Waits for Redis to be there once (a queue that fails to begin never recovers); from then on its
  // calls fail at once while Redis is away. Callers have deadlines of their own.
  return new Queue(name, { connection, prefix });
}

// Closing a queue asks Redis, which may be away.
async function closeQueues(queues: readonly SagaQueue[], log: Logger): Promise<void> {
  const giveUp = new AbortController();
  const closing = queues.map((queue) =>
    queue.close().catch((err: unknown) => log.debug({ err }, 'queue not closed cleanly')),
  );
  await Promise.race([Promise.all(closing), pause(QUEUE_CLOSE_MS, giveUp.signal)]);
  giveUp.abort();
}

const QUEUE_CLOSE_MS = 1_000;
