// Wake-ups as BullMQ jobs: one job per saga, its id is the saga's, its data names the saga and nothing else.
// The job is never the truth (I7): `add` of an id that exists in any state is a silent no-op in BullMQ, so
// `requeue` reads the job's state and does what brings the job back.

import type { Queue } from 'bullmq';
import type { SagaId } from '../saga-id.ts';
import { answerInTime } from './connections.ts';
import type { WakeUps } from './wake-ups.ts';

export type SagaQueue = Queue<{ readonly sagaId: SagaId }>;

/** Ended jobs stay visible on the dashboard for an hour, failed ones for a week. */
const JOB_OPTIONS = {
  removeOnComplete: { age: 3_600, count: 2_000 },
  removeOnFail: { age: 7 * 86_400, count: 10_000 },
} as const;

/** A wake-up later than this is the relay's business. */
const CALL_TIMEOUT_MS = 2_000;

/** @param queueOf which queue the workers of a kind of saga take from. */
export function createBullmqWakeUps(queueOf: (kind: string) => SagaQueue): WakeUps {
  return {
    wake: (sagaId, kind) => answerInTime(CALL_TIMEOUT_MS, () => add(queueOf(kind), sagaId, kind)),
    requeue: (sagaId, kind) =>
      answerInTime(CALL_TIMEOUT_MS, () => requeue(queueOf(kind), sagaId, kind)),
  };
}

async function add(queue: SagaQueue, sagaId: SagaId, kind: string): Promise<void> {
  await queue.add(kind, { sagaId }, { ...JOB_OPTIONS, jobId: sagaId });
}

async function requeue(
  queue: SagaQueue,
  sagaId: SagaId,
  kind: string,
): Promise<'waiting' | 'active' | 'requeued'> {
  const job = await queue.getJob(sagaId);
  if (job === undefined) {
    await add(queue, sagaId, kind);
    return 'requeued';
  }
  switch (await job.getState()) {
    case 'active':
      // Under a dead worker it is BullMQ's stalled check that brings it back.
      return 'active';
    case 'waiting':
    case 'prioritized':
      return 'waiting';
    case 'delayed':
      await job.promote();
      return 'requeued';
    case 'failed':
      await job.retry('failed', { resetAttemptsMade: true, resetAttemptsStarted: true });
      return 'requeued';
    default:
      await job.remove();
      await add(queue, sagaId, kind);
      return 'requeued';
  }
}
