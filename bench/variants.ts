// The three ways to delete a bot that are compared: the whole saga as it runs in production, its effects
// alone (the floor), and its effects inside a bare BullMQ job.

import { randomUUID } from 'node:crypto';
import { Queue, Worker } from 'bullmq';
import type { Services } from '../src/main/compose/services.ts';
import { startWorkers } from '../src/main/compose/workers.ts';
import { type DeleteBot, IN_FLIGHT } from './drive.ts';
import { createEffects } from './effects.ts';
import { createEnds, END_WITHIN_MS } from './ends.ts';
import type { HerdBot } from './herd.ts';

export type VariantName = 'sagas' | 'floor' | 'bullmq';

export interface OpenVariant {
  readonly deleteBot: DeleteBot;
  close(): Promise<void>;
}

export type Variant = (
  services: Services,
  bots: readonly HerdBot[],
  signal: AbortSignal,
) => Promise<OpenVariant>;

export const VARIANTS: Readonly<Record<VariantName, Variant>> = {
  sagas: openSagas,
  floor: async (services, bots, signal) => ({
    deleteBot: await createEffects(services, bots, signal),
    close: async () => undefined,
  }),
  bullmq: openBullmq,
};

// The end is seen where the worker reports its transitions, which it does when the end has landed in the
// log: asking the log for it would measure the asking.
async function openSagas(services: Services): Promise<OpenVariant> {
  const ends = createEnds();
  const { deletions } = services;
  const workers = startWorkers(services, ['deletion', 'relay'], ({ id, state }) =>
    ends.came(id, state.phase),
  );
  return {
    deleteBot: async ({ userId, firebaseUid, instanceId }) => {
      const signal = AbortSignal.timeout(END_WITHIN_MS);
      const order = { userId, firebaseUid, instanceId, requestedBy: firebaseUid, signal };
      const asked = await deletions.request(order);
      if (asked.status !== 'accepted') throw new Error(`${instanceId}: ${asked.status}`);
      await ends.mustBe(asked.saga.id, 'completed');
    },
    close: () => workers.stop(),
  };
}

async function openBullmq(
  services: Services,
  bots: readonly HerdBot[],
  signal: AbortSignal,
): Promise<OpenVariant> {
  const effects = await createEffects(services, bots, signal);
  const byId = new Map(bots.map((bot) => [bot.instanceId as string, bot]));
  const ends = createEnds();
  const { keyPrefix: prefix, redis } = services;
  const queue = new Queue<{ readonly instanceId: string }>('bare', { connection: redis, prefix });
  const worker = new Worker<{ readonly instanceId: string }>(
    queue.name,
    async ({ data }) => {
      const bot = byId.get(data.instanceId);
      if (bot === undefined) throw new Error(`${data.instanceId} is unknown`);
      await effects(bot);
    },
    { connection: services.workerRedis(), prefix, concurrency: IN_FLIGHT },
  );
  worker.on('completed', ({ data }) => ends.came(data.instanceId, 'completed'));
  worker.on('failed', (job, error) => ends.came(job?.data.instanceId ?? '', error.message));
  const onError = (error: Error) => services.log.error(error);
  queue.on('error', onError);
  worker.on('error', onError);
  const options = { removeOnComplete: { age: 3_600, count: 2_000 } };
  return {
    deleteBot: async ({ instanceId }) => {
      await queue.add('delete', { instanceId }, { ...options, jobId: randomUUID() });
      await ends.mustBe(instanceId, 'completed');
    },
    close: async () => {
      await worker.close();
      await queue.close();
    },
  };
}
