// One key's many sagas and another key's one, on one worker: the whole engine, as a product makes it.

import { randomUUID } from 'node:crypto';
import { expect, inject, it, onTestFinished } from 'vitest';
import { createTestDatabase } from '../../../../test/support/database.ts';
import { waitFor } from '../../../../test/support/wait-for.ts';
import type { SagaDefinition } from '../../src/definition.ts';
import { createEngine } from '../../src/engine/engine.ts';
import { connectRedis } from '../../src/queue/connections.ts';

const SLOTS = 6;
const MANY = 60;
const RETRY = { attempts: 3, baseMs: 1, capMs: 1 };

interface Order extends Record<string, string> {
  readonly user: string;
  readonly n: string;
}

/** A saga whose one step lasts until its user's gate opens. */
async function setUp(isFair: boolean) {
  const running = new Map<string, number>();
  let most = 0;
  const gate = Promise.withResolvers<void>();
  const definition: SagaDefinition<Order> = {
    name: 'slow',
    version: 1,
    key: ({ user, n }) => `${user}/${n}`,
    ...(isFair && { fairnessKey: ({ user }) => user }),
    steps: [
      {
        kind: 'retriable',
        name: 'wait',
        retry: RETRY,
        timeoutMs: 60_000,
        run: async ({ input: { user } }) => {
          const now = (running.get(user) ?? 0) + 1;
          running.set(user, now);
          if (user === 'greedy') most = Math.max(most, now);
          if (user === 'greedy') await gate.promise;
          running.set(user, (running.get(user) ?? 0) - 1);
          return {};
        },
      },
    ],
  };
  const redis = connectRedis(inject('redisUrl'), 'worker', () => undefined);
  onTestFinished(() => redis.disconnect());
  const engine = await createEngine({
    db: await createTestDatabase(),
    redis,
    prefix: `t-${randomUUID()}`,
    sagas: [definition as SagaDefinition],
    // Wide of a busy machine: nobody's lease may run out while the gate is shut.
    leaseMs: 20_000,
    events: { failed: () => undefined },
  });
  onTestFinished(() => engine.close());
  const start = (user: string, n: number) => engine.start(definition, { user, n: String(n) });
  const greedy = await Promise.all(Array.from({ length: MANY }, (_, n) => start('greedy', n)));
  const worker = engine.startWorker({ concurrency: SLOTS });
  onTestFinished(() => worker.stop());
  onTestFinished(() => gate.resolve());
  return { engine, start, greedy, gate, running, most: () => most };
}

it('a user with many sagas that do not end: another user’s ends all the same, and no more than its share runs', async () => {
  const { start, greedy, gate, running, most } = await setUp(true);
  await waitFor('the greedy user’s share', () => (running.get('greedy') ?? 0) >= 4);
  expect(running.get('greedy')).toBe(4);
  const other = await start('modest', 1);
  const saga = await other.ended({ timeoutMs: 10_000 });
  expect(saga?.state.phase).toBe('completed');
  expect(running.get('greedy')).toBe(4);
  gate.resolve();
  for (const job of greedy) {
    expect((await job.ended({ timeoutMs: 20_000 }))?.state.phase).toBe('completed');
  }
  expect(most()).toBeLessThan(SLOTS);
  // Parked and woken again: no attempt was burnt on it.
  const records = await Promise.all(greedy.map((job) => job.state()));
  expect(Math.max(...records.map((one) => one?.state.steps[0]?.attempts ?? 0))).toBe(1);
});

it('the same without a key of its own: the other user waits behind them all', async () => {
  const { start, running } = await setUp(false);
  await waitFor('all slots', () => running.get('greedy') === SLOTS);
  const other = await start('modest', 1);
  const saga = await other.ended({ timeoutMs: 1_500 });
  expect(saga?.state.phase).toBe('queued');
});
