// A step that waits for something that is neither a failure nor under its hands: another saga, a moment. It gives
// its slot back, burns nothing, and is woken by the end of what it waits for.

import { describe, expect, it, vi } from 'vitest';
import { createTestDatabase } from '../../../../test/support/database.ts';
import type { StepCall, StepResult } from '../../src/definition.ts';
import { RetryableError, UnavailableError } from '../../src/errors.ts';
import type { SagaId } from '../../src/saga-id.ts';
import { createTestEngine, setUpEngine } from '../support/saga-engine.ts';
import { createSagaWorld, failing, sagaOf, stepsOf } from '../support/saga-world.ts';

const HOUR_MS = 3_600_000;
/** An attempt that fails is the last one. */
const ONCE = { attempts: 1, baseMs: 1, capMs: 1 };

/** Waits as often as it is told, then is done; notes what each run found of the one before. */
function waiter(times: number, waitMs = HOUR_MS) {
  const found: unknown[] = [];
  const attempts: number[] = [];
  const run = async (call: StepCall): Promise<StepResult> => {
    found.push(call.results.wait ?? null);
    attempts.push(call.attempt);
    if (found.length > times) return { value: 'done' };
    return { value: `turn ${found.length}`, waitUntilMs: call.nowMs() + waitMs };
  };
  return { found, attempts, run };
}

function setUpWaiter(turns: ReturnType<typeof waiter>, waitInPlaceMs = 2_000) {
  return setUpEngine(
    (make) =>
      sagaOf([make.retriable('wait', { retry: ONCE, run: turns.run }), make.retriable('after')]),
    { waitInPlaceMs },
  );
}

describe('a step that waits', () => {
  it('gives its slot back until its moment, and not before it', async () => {
    const turns = waiter(1);
    const { engine } = await setUpWaiter(turns);
    const id = await engine.start();
    const outcome = await engine.run(id);
    expect(outcome.status).toBe('later');
    const leftMs = outcome.status === 'later' ? outcome.atMs - engine.clock.nowMs() : 0;
    expect(leftMs).toBeGreaterThan(HOUR_MS / 2);
    expect(await engine.run(id)).toMatchObject({ status: 'later' });
    expect(turns.found).toHaveLength(1);
    await engine.pass(HOUR_MS);
    expect((await engine.runToRest(id)).state.phase).toBe('completed');
    expect(turns.found).toHaveLength(2);
  });

  it('holds nothing while it sleeps: any other worker goes on', async () => {
    // Longer than a slow database takes to write the wait down.
    const turns = waiter(1, 1_500);
    const { engine, another } = await setUpWaiter(turns, 0);
    const id = await engine.start();
    expect(await engine.run(id)).toMatchObject({ status: 'later' });
    const saga = await (await another()).runToRest(id);
    expect(saga).toMatchObject({ epoch: 2, state: { phase: 'completed' } });
  });

  it('ten times, with a budget of one attempt: none is burnt, and each run finds what the last one left', async () => {
    const turns = waiter(10, 20);
    const { engine, world } = await setUpWaiter(turns, 0);
    const { state } = await engine.runToRest(await engine.start());
    expect(state).toMatchObject({
      phase: 'completed',
      steps: [{ attempts: 1, value: 'done' }, {}],
    });
    expect(turns.attempts).toEqual(Array.from({ length: 11 }, () => 1));
    expect(turns.found).toEqual([null, ...Array.from({ length: 10 }, (_, n) => `turn ${n + 1}`)]);
    expect(world.order).toEqual(['do after']);
  });

  it.each([
    ['an outage, which burns no attempt', new UnavailableError('AWAY', 'nobody answers')],
    ['a failure', new RetryableError('NOT_YET', 'come back')],
  ])('after %s, in place: the next attempt is told that it is a repeat', async (_, error) => {
    const told: boolean[] = [];
    const { engine } = await setUpEngine((make) => {
      const run = failing([error], async () => undefined);
      return sagaOf([
        make.undoable('a', {
          run: async (call) => {
            told.push(call.isRepeat);
            return run(call);
          },
        }),
      ]);
    });
    const { epoch, state } = await engine.runToRest(await engine.start());
    expect([epoch, state.phase]).toEqual([1, 'completed']);
    expect(told).toEqual([false, true]);
  });

  it('a short wait: kept in place, no slot is given back for it', async () => {
    const turns = waiter(2, 30);
    const { engine } = await setUpWaiter(turns);
    const outcome = await engine.run(await engine.start());
    expect(outcome.status).toBe('at-rest');
    expect(turns.found).toHaveLength(3);
  });

  it('one short wait after the other: in the end the slot is given back, for what it waits for may need it', async () => {
    const turns = waiter(1_000, 30);
    const { engine } = await setUpWaiter(turns, 200);
    const id = await engine.start();
    expect((await engine.run(id)).status).toBe('later');
    expect(turns.found.length).toBeLessThan(20);
  });
});

describe('a nudge', () => {
  /** Whom somebody wanted woken. */
  async function setUpWoken(turns: ReturnType<typeof waiter>) {
    const db = await createTestDatabase();
    const make = stepsOf(await createSagaWorld(db));
    const requeued: SagaId[] = [];
    const wakeUps = {
      wake: async () => undefined,
      requeue: async (id: SagaId) => {
        requeued.push(id);
        return 'requeued' as const;
      },
    };
    const definitions = [sagaOf([make.retriable('wait', { retry: ONCE, run: turns.run })])];
    return { requeued, engine: await createTestEngine({ definitions, db, wakeUps }) };
  }

  it('to one that sleeps: due at once, and its wake-up is made again', async () => {
    const turns = waiter(1);
    const { engine, requeued } = await setUpWoken(turns);
    const id = await engine.start();
    expect(await engine.run(id)).toMatchObject({ status: 'later' });
    await engine.sagas.wakeNow(id);
    expect(requeued).toEqual([id]);
    expect(await engine.run(id)).toMatchObject({ status: 'at-rest' });
    expect(turns.found).toEqual([null, 'turn 1']);
  });

  it('to one that is just going to sleep: it does not sleep through it', async () => {
    const turns = waiter(1);
    const { engine } = await setUpWoken(turns);
    const id = await engine.start();
    const { release } = engine.log;
    vi.spyOn(engine.log, 'release').mockImplementationOnce(async (claim) => {
      // The wait is written, the lease not given back yet.
      await engine.sagas.wakeNow(id);
      return release(claim);
    });
    const outcome = await engine.run(id);
    const atMs = outcome.status === 'later' ? outcome.atMs : Number.POSITIVE_INFINITY;
    expect(atMs).toBeLessThanOrEqual(engine.clock.nowMs());
    expect(await engine.run(id)).toMatchObject({ status: 'at-rest' });
  });

  it('to one that has ended, that is not there, or that waits for nothing: nothing happens', async () => {
    const turns = waiter(0);
    const { engine, requeued } = await setUpWoken(turns);
    const queued = await engine.start();
    await engine.sagas.wakeNow(queued);
    const before = await engine.runToRest(queued);
    await engine.sagas.wakeNow(queued);
    const after = await engine.sagas.find(queued);
    expect(after?.revision).toBe(before.revision);
    expect(requeued).toEqual([]);
  });
});
