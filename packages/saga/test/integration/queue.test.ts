// The queue beside the log, on a real Redis: jobs are wake-ups, and whatever becomes of them the saga ends
// (I7, I10). What people see in the dashboard follows the saga.

import { Worker } from 'bullmq';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { createTestDatabase } from '../../../../test/support/database.ts';
import { createTcpProxy } from '../../../../test/support/tcp-proxy.ts';
import { waitFor } from '../../../../test/support/wait-for.ts';
import type { SagaDefinition } from '../../src/definition.ts';
import { HoldError, RetryableError, UnavailableError } from '../../src/errors.ts';
import { wakeStuck } from '../../src/queue/show-stuck.ts';
import { createPeriodic } from '../../src/run/periodic.ts';
import { type SagaId, toSagaId } from '../../src/saga-id.ts';
import { createTestEngine } from '../support/saga-engine.ts';
import { passForSagas } from '../support/saga-log.ts';
import { createTestQueue, rests, type TestQueue } from '../support/saga-queue.ts';
import {
  createGate,
  createSagaWorld,
  failing,
  type SagaWorld,
  sagaOf,
  stepsOf,
} from '../support/saga-world.ts';

const RETRY = { verb: 'retry', by: 'admin:test', reason: 'mended' } as const;

type Build = (steps: ReturnType<typeof stepsOf>, world: SagaWorld) => SagaDefinition;

const TWO_STEPS: Build = (make) => sagaOf([make.undoable('a'), make.pivot('pay')]);

async function setUp(build: Build = TWO_STEPS, redisUrl?: string) {
  const db = await createTestDatabase();
  const world = await createSagaWorld(db);
  const queue = await createTestQueue(redisUrl);
  const definitions = [build(stepsOf(world), world)];
  const options = { definitions, db, wakeUps: queue.wakeUps, waitInPlaceMs: 50 };
  const engine = await createTestEngine(options);
  const another = () => createTestEngine(options);
  return { db, world, queue, engine, another };
}

async function jobState({ queue }: TestQueue, id: SagaId): Promise<string> {
  return (await queue.getJob(id))?.getState() ?? 'missing';
}

it('a repeated job that has the name of a kind of saga: it ticks, and the sagas of that kind run all the same', async () => {
  const { world, queue, engine } = await setUp();
  let ticks = 0;
  const tick = async () => {
    ticks += 1;
  };
  queue.startWorker(engine, new Map([['test-saga', tick]]));
  const id = await engine.start('test-saga');
  expect((await rests(engine, id)).state.phase).toBe('completed');
  expect([world.order, ticks]).toEqual([['do a', 'do pay'], 0]);
  await queue.queue.add('test-saga', {} as never);
  await waitFor('the tick', () => ticks === 1);
});

describe('all of Redis is lost', () => {
  it('between the acceptance and the start: brought back within seconds, done once (I7)', async () => {
    const { world, queue, engine } = await setUp();
    const id = await engine.start();
    await waitFor('the job', async () => (await jobState(queue, id)) === 'waiting');
    await queue.flush();
    expect(await jobState(queue, id)).toBe('missing');
    queue.startWorker(engine);
    const relay = queue.startRelay(engine);
    expect((await rests(engine, id)).state.phase).toBe('completed');
    expect(relay.repaired).toEqual([id]);
    expect(world.order).toEqual(['do a', 'do pay']);
  });

  it('while the saga sleeps: brought back when it is due', async () => {
    const later = new RetryableError('LATER', 'come back', { retryAfterMs: 800 });
    const { world, queue, engine } = await setUp((make, at) =>
      sagaOf([make.undoable('a', { run: failing([later], (call) => at.act('a', call)) })]),
    );
    queue.startWorker(engine);
    queue.startRelay(engine);
    const id = await engine.start();
    await waitFor('the sleep', async () => (await jobState(queue, id)) === 'delayed');
    await queue.flush();
    expect((await rests(engine, id)).state.phase).toBe('completed');
    expect(world.order).toEqual(['do a']);
  });

  it('in the middle of a step: the saga goes on, and its effects happen once', async () => {
    const gate = createGate();
    const { world, queue, engine } = await setUp((make, at) =>
      sagaOf([
        make.undoable('a', {
          run: async (call) => {
            await at.act('a', call);
            await gate.pass();
            return {};
          },
        }),
        make.pivot('pay'),
      ]),
    );
    queue.startWorker(engine);
    queue.startRelay(engine);
    const id = await engine.start();
    await gate.reached;
    await queue.flush();
    gate.open();
    expect((await rests(engine, id)).state.phase).toBe('completed');
    expect(world.order.filter((what) => what.startsWith('do'))).toEqual(['do a', 'do pay']);
  });
});

describe('a job that is to be woken, in every state it may have', () => {
  it.each(['waiting', 'delayed', 'completed', 'failed', 'missing'])(
    '%s: it waits afterwards, and the saga ends',
    async (state) => {
      const { queue, engine } = await setUp();
      const id = await engine.start();
      await waitFor('the job', async () => (await jobState(queue, id)) === 'waiting');
      await bringInto(queue, id, state);
      expect(await jobState(queue, id)).toBe(state);
      const requeued = await queue.wakeUps.requeue(id, 'test-saga');
      expect(requeued).toBe(state === 'waiting' ? 'waiting' : 'requeued');
      expect(await jobState(queue, id)).toBe('waiting');
      expect(await queue.queue.getJobCountByTypes('waiting')).toBe(1);
      queue.startWorker(engine);
      expect((await rests(engine, id)).state.phase).toBe('completed');
    },
  );

  it('active under a worker that died: left to the stalled check, which brings it back', async () => {
    const { queue, engine } = await setUp();
    const id = await engine.start();
    await waitFor('the job', async () => (await jobState(queue, id)) === 'waiting');
    await bringInto(queue, id, 'active');
    expect(await queue.wakeUps.requeue(id, 'test-saga')).toBe('active');
    queue.startWorker(engine);
    expect((await rests(engine, id)).state.phase).toBe('completed');
    await waitFor('the job', async () => (await jobState(queue, id)) === 'completed');
  });
});

async function bringInto(test: TestQueue, id: SagaId, state: string): Promise<void> {
  if (state === 'waiting') return;
  const { queue, prefix } = test;
  const job = await queue.getJob(id);
  if (state === 'missing' || state === 'delayed') await job?.remove();
  if (state === 'missing') return;
  if (state === 'delayed') {
    await queue.add('test-saga', { sagaId: id }, { jobId: id, delay: 3_600_000 });
    return;
  }
  // A worker that takes the job and does with it what the test wants: for `active` it just vanishes.
  const connection = test.redis.duplicate({ maxRetriesPerRequest: null, enableOfflineQueue: true });
  const worker = new Worker(queue.name, null, { connection, prefix, lockDuration: 300 });
  const token = 'a-dead-worker';
  const taken = await worker.getNextJob(token);
  if (state === 'completed') await taken?.moveToCompleted({}, token, false);
  if (state === 'failed') await taken?.moveToFailed(new Error('broken'), token, false);
  await worker.close(true);
  connection.disconnect();
}

describe('what the dashboard shows', () => {
  it('a stuck saga: a failed job with a redacted reason; after the retry, a completed one', async () => {
    const hold = new HoldError('NOT_MONEY', 'mongodb://root:hunter2@db says it is no money');
    const { queue, engine } = await setUp((make, at) =>
      sagaOf([
        make.undoable('a'),
        make.pivot('pay', { run: failing([hold], (call) => at.act('pay', call)) }),
      ]),
    );
    queue.startWorker(engine);
    const id = await engine.start();
    await waitFor('the failed job', async () => (await jobState(queue, id)) === 'failed');
    const reason = 'NOT_MONEY: mongodb://***@db says it is no money';
    expect((await queue.queue.getJob(id))?.failedReason).toBe(`stuck in pay: ${reason}`);
    await engine.sagas.order(id, RETRY);
    await waitFor('the completed job', async () => (await jobState(queue, id)) === 'completed');
  });

  it('a stuck saga whose job a flush has taken: shown again as failed; a job that is there stays as it is', async () => {
    const hold = new HoldError('NOT_MONEY', 'it is no money');
    const { queue, engine } = await setUp((make) =>
      sagaOf([make.pivot('pay', { run: failing([hold, hold], async () => undefined) })]),
    );
    const woken: SagaId[] = [];
    const wake = async (id: SagaId, kind: string) => {
      await queue.wakeUps.wake(id, kind);
      woken.push(id);
    };
    const keeper = createPeriodic({
      ...{ everyMs: 20, limitMs: 10_000, onError: () => undefined },
      turn: (signal) => wakeStuck(engine.log, { wake }, signal),
    });
    queue.startWorker(engine);
    const id = await engine.start();
    await waitFor('the failed job', async () => (await jobState(queue, id)) === 'failed');
    const failedAt = (await queue.queue.getJob(id))?.finishedOn;
    onTestFinished(() => keeper.stop());
    keeper.start();
    await waitFor('some observations', () => woken.length > 2);
    expect((await queue.queue.getJob(id))?.finishedOn).toBe(failedAt);
    await queue.flush();
    await waitFor('the failed job again', async () => (await jobState(queue, id)) === 'failed');
    expect((await queue.queue.getJob(id))?.failedReason).toContain('stuck in pay: NOT_MONEY');
    expect((await engine.log.find(id))?.epoch).toBe(1);
  });

  it('a sleeping saga: a delayed job that comes back when the saga is due', async () => {
    const later = new RetryableError('LATER', 'come back', { retryAfterMs: 700 });
    const { queue, engine } = await setUp((make, at) =>
      sagaOf([make.undoable('a', { run: failing([later], (call) => at.act('a', call)) })]),
    );
    queue.startWorker(engine);
    const id = await engine.start();
    await waitFor('the delayed job', async () => (await jobState(queue, id)) === 'delayed');
    const dueMs = (await engine.log.find(id))?.state.notBeforeMs ?? 0;
    const { state, history } = await rests(engine, id);
    expect(state.phase).toBe('completed');
    const claimedAt = history
      .filter(({ type }) => type === 'claimed')
      .map(({ at }) => Date.parse(at));
    expect(claimedAt.at(-1)).toBeGreaterThanOrEqual(dueMs);
  });

  it('a saga that fails by a mistake of the program: its job fails and the error is told', async () => {
    const later = new RetryableError('LATER', 'come back');
    const retry = {
      ...{ attempts: 5, capMs: 2 },
      get baseMs(): number {
        throw new RangeError('a mistake');
      },
    };
    const { queue, engine } = await setUp((make) =>
      sagaOf([make.undoable('a', { run: failing([later], async () => undefined), retry })]),
    );
    const worker = queue.startWorker(engine);
    const id = await engine.start();
    await waitFor('the failed job', async () => (await jobState(queue, id)) === 'failed');
    // The job's state is in Redis a moment before the worker's own event.
    await expect.poll(() => worker.errors).toMatchObject([{ message: 'a mistake' }]);
  });
});

describe('the relay', () => {
  it('two at once: one is elected and repairs, and when it goes the other takes over', async () => {
    const { db, queue, engine, another } = await setUp();
    const ids = await Promise.all(Array.from({ length: 30 }, () => engine.start()));
    await engine.sagas.close();
    await queue.flush();
    await passForSagas(db, 10_000);
    const relays = [queue.startRelay(engine), queue.startRelay(await another())];
    await waitFor('the repairs', () => relays.flatMap(({ repaired }) => repaired).length >= 30);
    const [elected, idle] = relays.sort((a, b) => b.repaired.length - a.repaired.length);
    expect([...(elected?.repaired ?? [])].sort()).toEqual([...ids].sort());
    expect(idle?.repaired).toEqual([]);
    await elected?.stop();
    await queue.flush();
    await waitFor('the other relay', () => (idle?.repaired.length ?? 0) >= 30);
  });

  it('one saga cannot be woken: all the others are, and that one is tried again', async () => {
    const { db, queue, engine } = await setUp();
    const ids = await Promise.all(Array.from({ length: 60 }, () => engine.start()));
    await engine.sagas.close();
    const [poison] = ids;
    const tried: string[] = [];
    await passForSagas(db, 10_000);
    const relay = queue.startRelay(engine, {
      wake: queue.wakeUps.wake,
      requeue: async (id) => {
        tried.push(id);
        if (id === poison) throw new UnavailableError('REDIS_UNREACHABLE', 'no answer');
        return 'requeued';
      },
    });
    await waitFor('the others', () => new Set(relay.repaired).size === 59);
    await waitFor('a second try', () => tried.filter((id) => id === poison).length > 1);
  });
});

describe('a worker that stops', () => {
  it('while a step is under way: at the step’s end it lets go, and another process finishes', async () => {
    const gate = createGate();
    const { world, queue, engine, another } = await setUp((make, at) =>
      sagaOf([
        make.undoable('a', {
          run: async (call) => {
            await gate.pass();
            await at.act('a', call);
            return {};
          },
        }),
        make.pivot('pay'),
      ]),
    );
    const worker = queue.startWorker(engine);
    const id = await engine.start();
    await gate.reached;
    const lockedBy = worker.close(10_000);
    gate.open();
    await lockedBy;
    expect(world.order).toEqual(['do a']);
    queue.startWorker(await another());
    const saga = await rests(engine, id);
    expect(saga).toMatchObject({ epoch: 2, state: { phase: 'completed' } });
    expect(world.order.filter((what) => what.startsWith('do'))).toEqual(['do a', 'do pay']);
  });

  it('while a step outlasts the drain: interrupted, and another process looks before it goes on', async () => {
    const gate = createGate();
    const { world, queue, engine, another } = await setUp((make, at) =>
      sagaOf([
        make.pivot('pay', {
          run: async (call) => {
            await at.act('pay', call);
            await gate.pass();
            return {};
          },
        }),
      ]),
    );
    const worker = queue.startWorker(engine);
    const id = await engine.start();
    await gate.reached;
    await worker.close(200);
    queue.startWorker(await another());
    expect((await rests(engine, id)).state.phase).toBe('completed');
    gate.open();
    expect(world.order).toEqual(['do pay', 'see pay']);
  });
});

describe('Redis is away when a saga is accepted', () => {
  async function setUpWired() {
    const { hostname, port } = new URL(inject('redisUrl'));
    const proxy = await createTcpProxy({ host: hostname, port: Number(port) });
    const set = await setUp(TWO_STEPS, `redis://127.0.0.1:${proxy.port}`);
    onTestFinished(() => proxy.heal());
    return { ...set, proxy };
  }

  it('connections are refused: accepted at once all the same, and done when Redis is back', async () => {
    const { queue, engine, proxy } = await setUpWired();
    proxy.cut();
    await expect(queue.wakeUps.wake(toSagaId('del-0123456789'), 'test-saga')).rejects.toThrow();
    const id = await engine.start();
    expect((await engine.log.find(id))?.state.phase).toBe('queued');
    proxy.heal();
    queue.startWorker(engine);
    queue.startRelay(engine);
    expect((await rests(engine, id)).state.phase).toBe('completed');
  });

  it('no answer comes: given up, while the acceptance does not wait for it', async () => {
    const { queue, engine, proxy } = await setUpWired();
    const held = proxy.holdBefore('test-saga');
    const begun: string[] = [];
    // Sent before the acceptance's own, under the same limit: it is given up before that one is.
    const given = queue.wakeUps.wake(toSagaId('del-0123456789'), 'test-saga').catch((error) => {
      begun.push('given up');
      throw error;
    });
    const id = await engine.start();
    begun.push('accepted');
    await held;
    await expect(given).rejects.toMatchObject({ code: 'REDIS_UNREACHABLE' });
    expect(begun).toEqual(['accepted', 'given up']);
    expect((await engine.log.find(id))?.open).toBe(true);
  });
});
