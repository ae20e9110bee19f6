// The connections to Redis that the engine's queues need, and the watch over them.

export type { SagaQueue } from './bullmq-wake-ups.ts';
export { answerInTime, connectRedis, type RedisRole } from './connections.ts';
export { createRedisWatch, type RedisWatch } from './redis-watch.ts';
