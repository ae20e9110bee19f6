// The engine on BullMQ: wake-ups, workers, schedules, and the connections that they need.

export { createBullmqWakeUps, type SagaQueue } from './bullmq-wake-ups.ts';
export { answerInTime, connectRedis, type RedisRole } from './connections.ts';
export { createRedisWatch, type RedisWatch } from './redis-watch.ts';
export { createRelay } from './relay.ts';
export { startSagaWorker } from './saga-worker.ts';
export { ensureSchedule } from './schedules.ts';
export { createStuckInSight } from './show-stuck.ts';
