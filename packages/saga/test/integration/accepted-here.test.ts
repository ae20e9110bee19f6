// A saga that is accepted in a process whose worker takes its kind: it begins there, with the acceptance.

import { randomUUID } from 'node:crypto';
import { expect, inject, it, onTestFinished } from 'vitest';
import { createTestDatabase } from '../../../../test/support/database.ts';
import { waitFor } from '../../../../test/support/wait-for.ts';
import type { SagaDefinition } from '../../src/definition.ts';
import { createEngine, type Engine } from '../../src/engine/engine.ts';
import type { EngineEvents } from '../../src/engine/engine-events.ts';
import { initialState } from '../../src/machine/state.ts';
import { connectRedis } from '../../src/queue/connections.ts';
import { makeSagaId } from '../../src/saga-id.ts';

const RETRY = { attempts: 3, baseMs: 1, capMs: 1 };
const LEASE_MS = 2_000;

interface Order extends Record<string, string> {
  readonly user: string;
  readonly n: string;
}

/** A gate that stands open until it is shut. */
function createGate() {
  let gate = Promise.withResolvers<void>();
  gate.resolve();
  return {
    pass: () => gate.promise,
    shut: () => {
      gate = Promise.withResolvers();
    },
    open: () => gate.resolve(),
  };
}

/** One step, which passes the gate. */
async function setUp({
  isFair = false,
  events = { failed: () => undefined } as Partial<EngineEvents>,
} = {}) {
  const gate = createGate();
  const count = { now: 0, most: 0, runs: 0 };
  const definition: SagaDefinition<Order> = {
    name: 'short',
    version: 1,
    key: ({ user, n }) => `${user}/${n}`,
    ...(isFair && { fairnessKey: ({ user }) => user }),
    steps: [
      {
        ...{ kind: 'retriable', name: 'work', retry: RETRY, timeoutMs: 60_000 },
        run: async () => {
          count.now += 1;
          count.runs += 1;
          count.most = Math.max(count.most, count.now);
          await gate.pass();
          count.now -= 1;
          return {};
        },
      },
    ],
  };
  const db = await createTestDatabase();
  const prefix = `t-${randomUUID()}`;
  const open = async (): Promise<Engine> => {
    const redis = connectRedis(inject('redisUrl'), 'worker', () => undefined);
    onTestFinished(() => redis.disconnect());
    const engine = await createEngine({
      ...{ db, redis, prefix, leaseMs: LEASE_MS, sagas: [definition as SagaDefinition] },
      events,
    });
    onTestFinished(() => engine.close());
    return engine;
  };
  const engine = await open();
  const [queue] = engine.queues.values();
  if (queue === undefined) throw new Error('there is a queue');
  onTestFinished(() => queue.obliterate({ force: true }));
  onTestFinished(() => gate.open());
  const start = (user: string, n: number) => engine.start(definition, { user, n: String(n) });
  return { definition, engine, open, queue, gate, count, start };
}

type SetUp = Awaited<ReturnType<typeof setUp>>;

/** A worker that takes what is accepted beside it. */
async function startOpenWorker({ engine, start }: SetUp, concurrency = 10) {
  const worker = engine.startWorker({ isRelay: false, concurrency });
  onTestFinished(() => worker.stop());
  let n = 0;
  await waitFor('the worker to know that its queue runs', async () => {
    n += 1;
    const job = await start('first', n);
    await job.ended({ timeoutMs: 20_000 });
    return isBegunHere((await job.state())?.history ?? []);
  });
  return worker;
}

/** The claim came with the acceptance: nothing else has been written by then. */
function isBegunHere(history: readonly { type: string; writeId: string }[]): boolean {
  const [claimed, captured] = history;
  return claimed?.type === 'claimed' && captured?.writeId === claimed.writeId;
}

it('a worker lives here and has room: begun with the acceptance, ended, and no wake-up was sent', async () => {
  const all = await setUp();
  await startOpenWorker(all);
  await waitFor('earlier wake-ups', async () => (await all.queue.getActiveCount()) === 0);
  const job = await all.start('ann', 1);
  const end = await job.ended({ timeoutMs: 20_000 });
  expect(end).toMatchObject({ epoch: 1, state: { phase: 'completed' } });
  expect(end?.history.map(({ type }) => type)).toEqual(['claimed', 'captured-all', 'succeeded']);
  expect(await all.queue.getJob(job.id)).toBeUndefined();
});

it('what hears of it throws: reported, and it ends all the same', async () => {
  const failures: string[] = [];
  const broken = () => {
    throw new Error('the metrics are broken');
  };
  const all = await setUp({
    events: { transition: broken, failed: (what) => void failures.push(what) },
  });
  const worker = all.engine.startWorker({ isRelay: false, onEnded: broken });
  onTestFinished(() => worker.stop());
  const job = await all.start('ann', 1);
  const end = await job.ended({ timeoutMs: 10_000 });
  expect(end).toMatchObject({ epoch: 1, state: { phase: 'completed' } });
  await waitFor('both reports', () => new Set(failures).size === 2);
  expect(new Set(failures)).toEqual(new Set(['a report of a transition', 'a report of an end']));
});

it('what hears of it is asynchronous and fails: reported, and no rejection is left unhandled', async () => {
  const failures: string[] = [];
  const unhandled: unknown[] = [];
  const onUnhandled = (reason: unknown) => void unhandled.push(reason);
  process.on('unhandledRejection', onUnhandled);
  onTestFinished(() => void process.off('unhandledRejection', onUnhandled));
  const broken = async () => {
    throw new Error('the webhook is away');
  };
  const failed = async (what: string) => {
    failures.push(what);
    throw Object.create(null);
  };
  const all = await setUp({ events: { transition: broken, failed } });
  const worker = all.engine.startWorker({ isRelay: false, onEnded: broken });
  onTestFinished(() => worker.stop());
  await (await all.start('ann', 1)).ended({ timeoutMs: 10_000 });
  const expected = ['a report of a transition', 'a report of an end'];
  await waitFor('both reports', () => expected.every((what) => failures.includes(what)));
  expect(unhandled).toEqual([]);
});

it('what hears of it is an object with methods: they are called as such', async () => {
  class Ear implements Partial<EngineEvents> {
    readonly heard: string[] = [];
    transition({ event }: Parameters<EngineEvents['transition']>[0]) {
      this.heard.push(event.type);
    }
  }
  const ear = new Ear();
  const all = await setUp({ events: ear });
  const worker = all.engine.startWorker({ isRelay: false });
  onTestFinished(() => worker.stop());
  await (await all.start('ann', 1)).ended({ timeoutMs: 10_000 });
  await waitFor('the end', () => ear.heard.includes('succeeded'));
});

it('the same key while it runs: the same job, and no second run', async () => {
  const all = await setUp();
  await startOpenWorker(all);
  const before = all.count.runs;
  const jobs = await Promise.all(Array.from({ length: 10 }, () => all.start('ann', 1)));
  await jobs[0]?.ended({ timeoutMs: 20_000 });
  const ids = new Set(jobs.map(({ id }) => id));
  expect(all.count.runs - before).toBe(ids.size);
});

it('the process dies right after the acceptance: the relay of another one brings the saga back (I7)', async () => {
  const { definition, engine, open } = await setUp();
  const input: Order = { user: 'ann', n: '1' };
  const id = makeSagaId('saga', engine.clock.nowMs(), new Uint8Array(16));
  // What it leaves behind: a saga that it has claimed, and no wake-up.
  await engine.log.insert({
    ...{ id, kind: definition.name, version: 1, key: 'ann/1', subject: 'a', requestedBy: 'a' },
    ...{ parent: null, input, state: initialState({ steps: [{ name: 'work' }] }) },
    claim: { owner: randomUUID(), leaseMs: LEASE_MS, events: [] },
  });
  const worker = (await open()).startWorker();
  onTestFinished(() => worker.stop());
  const end = await engine.sagas.waitForEnd(id, 30_000, new AbortController().signal);
  expect(end).toMatchObject({ epoch: 2, state: { phase: 'completed' } });
});

it('somebody has paused the queue: nothing begins here either, until it is resumed', async () => {
  const all = await setUp();
  await startOpenWorker(all);
  await all.queue.pause();
  let n = 0;
  const waiting = await waitFor('the worker to know it', async () => {
    n += 1;
    const job = await all.start('ann', n);
    return (await job.state())?.epoch === 0 && job;
  });
  expect((await waiting.ended({ timeoutMs: 500 }))?.state.phase).toBe('queued');
  await all.queue.resume();
  expect((await waiting.ended({ timeoutMs: 20_000 }))?.state.phase).toBe('completed');
});

it('many at once, here and from the queue: never more than the worker has slots', async () => {
  const slots = 3;
  const all = await setUp();
  await startOpenWorker(all, slots);
  all.count.most = 0;
  const jobs = await Promise.all(Array.from({ length: 60 }, (_, n) => all.start(`u-${n}`, n)));
  for (const job of jobs) {
    expect((await job.ended({ timeoutMs: 20_000 }))?.state.phase).toBe('completed');
  }
  expect(all.count.most).toBe(slots);
});

it('one user’s many, accepted here: no more than its share, and another user’s one ends (I10)', async () => {
  const all = await setUp({ isFair: true });
  await startOpenWorker(all, 6);
  all.gate.shut();
  await Promise.all(Array.from({ length: 30 }, (_, n) => all.start('greedy', n)));
  await waitFor('the greedy user’s share', () => all.count.now === 4);
  const other = await all.start('modest', 1);
  await waitFor('the other user’s', () => all.count.now === 5);
  all.gate.open();
  expect((await other.ended({ timeoutMs: 10_000 }))?.state.phase).toBe('completed');
});

it('the worker stops: what runs here is handed to another worker at once, not at the end of its lease', async () => {
  const all = await setUp();
  const worker = await startOpenWorker(all);
  all.gate.shut();
  const job = await all.start('ann', 1);
  await waitFor('its step', () => all.count.now === 1);
  await worker.stop();
  all.gate.open();
  // No relay: only the wake-up that the stopping worker has sent brings it back.
  const next = (await all.open()).startWorker({ isRelay: false });
  onTestFinished(() => next.stop());
  expect(await job.ended({ timeoutMs: 20_000 })).toMatchObject({
    epoch: 2,
    state: { phase: 'completed' },
  });
});

it('no worker lives here: it waits for its wake-up', async () => {
  const all = await setUp();
  const job = await all.start('ben', 1);
  expect((await job.state())?.state.phase).toBe('queued');
  const worker = (await all.open()).startWorker({ isRelay: false });
  onTestFinished(() => worker.stop());
  expect((await job.ended({ timeoutMs: 20_000 }))?.state.phase).toBe('completed');
});
