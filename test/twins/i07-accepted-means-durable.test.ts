// I7: after the answer, Redis may lose everything, and the log alone brings the saga to its end.

import { Worker } from 'bullmq';
import { inject, onTestFinished } from 'vitest';
import type { SagaLog } from '../../packages/saga/src/log/saga-log.ts';
import { connectRedis } from '../../packages/saga/src/queue/connections.ts';
import type { WakeUps } from '../../packages/saga/src/queue/wake-ups.ts';
import type { SagaId } from '../../packages/saga/src/saga-id.ts';
import { createTestEngine, type TestEngine } from '../../packages/saga/test/support/saga-engine.ts';
import { createTestQueue, type TestQueue } from '../../packages/saga/test/support/saga-queue.ts';
import { createSagaWorld, sagaOf, stepsOf } from '../../packages/saga/test/support/saga-world.ts';
import { createTestDatabase } from '../support/database.ts';
import { waitFor } from '../support/wait-for.ts';
import { breaches, twinsOf } from './bite.ts';

twinsOf('I7', {
  'enqueued-and-not-inserted': async (part) => {
    const queue = await createTestQueue();
    const wrapLog = (log: SagaLog) => (part === 'twin' ? insertLater(log) : log);
    const engine = await setUpEngine({ wakeUps: queue.wakeUps, wrapLog });
    const id = await engine.start();
    await queue.flush();
    await engine.pass(RELAY_PASS_MS);
    const overdue = await engine.log.takeOverdue({ limit: 10, holdMs: 1_000 });
    return breaches({ 'accepted, and gone with Redis': !overdue.some((saga) => saga.id === id) });
  },

  // The job is done, as it is when a worker dies between the end of its job and the saga's next step.
  'job-trusted': async (part) => {
    const queue = await createTestQueue();
    const wakeUps = part === 'twin' ? trustingJobs(queue) : queue.wakeUps;
    const engine = await setUpEngine({ wakeUps });
    const id = await engine.start();
    await finishJob(queue, id);
    await engine.pass(RELAY_PASS_MS);
    await wokenByRelay(queue, engine, wakeUps);
    const state = await (await queue.queue.getJob(id))?.getState();
    return breaches({ 'the saga is open, and no job waits for a worker': state !== 'waiting' });
  },
});

/** A relay observes a new saga when it has had time to be taken by its first job. */
const RELAY_PASS_MS = 3_000;

type Options = Pick<Parameters<typeof createTestEngine>[0], 'wakeUps' | 'wrapLog'>;

async function setUpEngine(options: Options) {
  const connection = await createTestDatabase();
  const make = stepsOf(await createSagaWorld(connection));
  return createTestEngine({ connection, definitions: [sagaOf([make.undoable('a')])], ...options });
}

/** The job carries the saga, and the worker that takes it is to insert it. */
function insertLater(log: SagaLog): SagaLog {
  return {
    ...log,
    insert: async (saga) => {
      const now = new Date().toISOString();
      const moments = { createdAt: now, finishedAt: null, unrunnableSince: null };
      const unclaimed = { open: true, revision: 1, epoch: 0, result: null, history: [] };
      const made = { ...saga, ...moments, ...unclaimed, writeId: saga.id };
      return { status: 'inserted', saga: made };
    },
  };
}

function trustingJobs({ queue, wakeUps }: TestQueue): WakeUps {
  return {
    ...wakeUps,
    requeue: async (sagaId, kind) => {
      if ((await queue.getJob(sagaId)) !== undefined) return 'waiting';
      return wakeUps.requeue(sagaId, kind);
    },
  };
}

async function finishJob({ queue, prefix }: TestQueue, id: SagaId): Promise<void> {
  const connection = connectRedis(inject('redisUrl'), 'worker', () => undefined);
  onTestFinished(() => connection.disconnect());
  const worker = new Worker('deletion', async () => undefined, { connection, prefix });
  await waitFor('the job to be done', async () => {
    return (await (await queue.getJob(id))?.getState()) === 'completed';
  });
  await worker.close();
}

async function wokenByRelay(queue: TestQueue, engine: TestEngine, wakeUps: WakeUps): Promise<void> {
  let answered = 0;
  const watched: WakeUps = {
    ...wakeUps,
    requeue: async (sagaId, kind) => {
      const answer = await wakeUps.requeue(sagaId, kind);
      answered += 1;
      return answer;
    },
  };
  const relay = queue.startRelay(engine, watched);
  await waitFor('the relay to have woken the saga', () => answered > 0);
  await relay.stop();
}
