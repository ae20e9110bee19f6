// The runner when its workers come and go, when a cancel races with the point of no return, and when its log
// is away: what must hold between several of them at once (I5, I6).

import { describe, expect, it } from 'vitest';
import { createTestDatabase } from '../../../../test/support/database.ts';
import type { StepCall } from '../../src/definition.ts';
import { HoldError, RetryableError, TerminalError, UnavailableError } from '../../src/errors.ts';
import type { SagaId } from '../../src/saga-id.ts';
import { connectThroughProxy, createTestEngine, setUpEngine } from '../support/saga-engine.ts';
import { createGate, createSagaWorld, failing, sagaOf, stepsOf } from '../support/saga-world.ts';

/** What a definition that fences its effects must state. */
const HELD = { release: async () => {}, atRisk: () => 0 };

describe('a cancel and the point of no return', () => {
  it('raced 100 times: never both paid and undone, and the answer to the cancel is true (I6)', async () => {
    const cancels = new Map<string, () => unknown>();
    const cancelIn = (moment: string, id: string) => cancels.get(`${moment}/${id}`)?.();
    const { world, engine } = await setUpEngine((make, at) =>
      sagaOf([
        make.undoable('a', {
          run: async (call) => {
            cancelIn('before', call.sagaId);
            await cancelIn('held', call.sagaId);
            await at.act('a', call);
            cancelIn('after', call.sagaId);
            return {};
          },
        }),
        make.pivot('pay', {
          run: async (call) => {
            cancelIn('paying', call.sagaId);
            await at.act('pay', call);
            return {};
          },
        }),
      ]),
    );
    const race = async (n: number) => {
      const id = await engine.start();
      // Who wins a race is nobody's promise: the cancels of a busy machine may all be late. One in four is answered
      // before the step goes on, so that both outcomes are always there.
      const moment = ['before', 'after', 'paying', 'held'][n % 4];
      const asked = Promise.withResolvers<void>();
      const cancelling = asked.promise.then(() => engine.sagas.requestCancel(id, 'me'));
      cancels.set(`${moment}/${id}`, () => {
        asked.resolve();
        return cancelling;
      });
      const [saga, cancel] = await Promise.all([engine.runToRest(id), cancelling]);
      return { id, phase: saga.state.phase, cancel: cancel.status };
    };
    const results = await Promise.all(Array.from({ length: 100 }, (_, n) => race(n)));
    for (const { id, phase, cancel } of results) {
      const effects = { a: await world.read('a', id), pay: await world.read('pay', id) };
      const isPaid = phase === 'completed';
      expect(effects).toEqual({
        a: { done: 1, undone: isPaid ? 0 : 1 },
        pay: { done: isPaid ? 1 : 0, undone: 0 },
      });
      expect(isPaid ? ['too-late', 'ended'] : ['requested']).toContain(cancel);
    }
    const phases = new Set(results.map(({ phase }) => phase));
    expect(phases).toEqual(new Set(['completed', 'compensated']));
  });
});

describe('a cancel and a step that needs a person', () => {
  it('accepted while the step runs, which then asks for a person: the saga goes back', async () => {
    const cancels = new Map<string, () => Promise<unknown>>();
    const { world, engine } = await setUpEngine((make, at) =>
      sagaOf([
        make.undoable('a', {
          run: async (call) => {
            await at.act('a', call);
            await cancels.get(call.sagaId)?.();
            throw new HoldError('ASK', 'a person must decide');
          },
        }),
      ]),
    );
    const id = await engine.start();
    cancels.set(id, () => engine.sagas.requestCancel(id, 'me'));
    const { state } = await engine.runToRest(id);
    expect(state).toMatchObject({ phase: 'compensated', cause: { code: 'CANCELLED', step: 'a' } });
    expect(await world.read('a', id)).toEqual({ done: 1, undone: 1 });
  });
});

describe('workers come and go', () => {
  it('a lease runs out in mid-step: the next worker finishes, the late one changes nothing (I5)', async () => {
    const gate = createGate();
    let runs = 0;
    const { world, engine, another } = await setUpEngine((make, at) =>
      sagaOf([
        make.undoable('a', {
          run: async (call) => {
            runs += 1;
            if (runs === 1) {
              await gate.pass();
              await call.fence();
            }
            await at.act('a', call);
            return {};
          },
        }),
        make.pivot('pay'),
      ]),
    );
    const id = await engine.start();
    const late = engine.run(id);
    await gate.reached;
    await engine.pass(120_000);
    const next = await another();
    expect((await next.runToRest(id)).state.phase).toBe('completed');
    gate.open();
    expect(await late).toEqual({ status: 'fenced' });
    expect(engine.fenced).toMatchObject([{ sagaId: id, epoch: 1 }]);
    expect(await world.read('a', id)).toEqual({ done: 1, undone: 0 });
    expect(await world.read('pay', id)).toEqual({ done: 1, undone: 0 });
  });

  it('the late worker’s own write comes after the takeover: refused by the log, and counted (I5)', async () => {
    const gate = createGate();
    let runs = 0;
    const { world, engine, another } = await setUpEngine((make, at) =>
      sagaOf([
        make.undoable('a', {
          run: async (call) => {
            runs += 1;
            await at.act('a', call);
            if (runs === 1) await gate.pass();
            return {};
          },
        }),
        make.pivot('pay'),
      ]),
    );
    const id = await engine.start();
    const late = engine.run(id);
    await gate.reached;
    await engine.pass(120_000);
    const next = await another();
    const saga = await next.runToRest(id);
    gate.open();
    expect(await late).toEqual({ status: 'fenced' });
    expect(engine.fenced).toHaveLength(1);
    expect(await engine.log.find(id)).toEqual(saga);
    expect(world.order).toEqual(['do a', 'see a', 'do pay']);
  });

  it('a worker is interrupted in mid-step: the next one raises the fence, looks, and does it once', async () => {
    const gate = createGate();
    const epochs: number[] = [];
    const { world, engine, another } = await setUpEngine((make, at) =>
      sagaOf(
        [
          make.undoable('a'),
          make.pivot('pay', {
            run: async (call) => {
              await at.act('pay', call);
              await gate.pass();
              return {};
            },
          }),
        ],
        { ...HELD, fenceEffects: async ({ epoch }) => void epochs.push(epoch) },
      ),
    );
    const id = await engine.start();
    const lockLost = new AbortController();
    const interrupted = engine.run(id, lockLost.signal);
    await gate.reached;
    lockLost.abort();
    expect((await interrupted).status).toBe('later');
    const next = await another();
    const saga = await next.runToRest(id);
    gate.open();
    expect(saga).toMatchObject({ epoch: 2, state: { phase: 'completed' } });
    const claims = saga.history.filter(({ type }) => type === 'claimed');
    expect(claims.map(({ epoch }) => epoch)).toEqual([1, 2]);
    expect(saga.history.filter(({ type }) => type === 'resumed')).toHaveLength(1);
    expect(epochs).toEqual([2]);
    expect(world.order).toEqual(['do a', 'do pay', 'see pay']);
  });

  it('the fence cannot be raised: nothing else is done, and it is tried again later', async () => {
    let tries = 0;
    const later = () => new RetryableError('LATER', 'come back', { retryAfterMs: 300 });
    const { world, engine } = await setUpEngine(
      (make, at) =>
        sagaOf([make.undoable('a', { run: failing([later()], (call) => at.act('a', call)) })], {
          ...HELD,
          fenceEffects: async () => {
            tries += 1;
            if (tries === 1) throw new UnavailableError('AWAY', 'nobody answers');
          },
        }),
      { waitInPlaceMs: 50 },
    );
    const saga = await engine.runToRest(await engine.start());
    expect(saga).toMatchObject({ epoch: 3, state: { phase: 'completed' } });
    expect(tries).toBe(2);
    expect(world.order).toEqual(['do a']);
  });

  it.each([
    ['forwards', 'running', new RetryableError('LATER', 'come back', { retryAfterMs: 300 })],
    ['on its way back', 'compensating', new TerminalError('NEVER', 'it cannot be done')],
  ])(
    'the fence cannot be raised for good, %s: stuck, and a retry raises it',
    async (_, from, cause) => {
      let isReadable = false;
      const undo = failing([new UnavailableError('AWAY', 'later')], async () => undefined);
      const { world, engine } = await setUpEngine(
        (make, at) =>
          sagaOf(
            [
              make.undoable('a', {
                run: failing([cause], (call) => at.act('a', call)),
                compensate: async (call) => {
                  await undo(call);
                },
              }),
            ],
            {
              ...HELD,
              fenceEffects: async () => {
                if (!isReadable) throw new HoldError('LOG_UNREADABLE', 'no readable capture');
              },
            },
          ),
        { waitInPlaceMs: 0 },
      );
      const id = await engine.start();
      const stuck = await engine.runToRest(id);
      expect(stuck.state).toMatchObject({ phase: 'stuck', stuckFrom: from });
      expect(stuck.state.cause).toMatchObject({ code: 'LOG_UNREADABLE', step: 'a' });
      expect(world.order).toEqual([]);
      isReadable = true;
      await engine.sagas.order(id, { verb: 'retry', by: 'me', reason: 'mended' });
      const { phase } = (await engine.runToRest(id)).state;
      expect(phase).toBe(from === 'running' ? 'completed' : 'compensated');
    },
  );

  it('a saga of an older version: a worker without it leaves it alone, one with both finishes it', async () => {
    const { world, engine, another } = await setUpEngine((make) => [
      sagaOf([make.undoable('old')], { version: 1 }),
    ]);
    const id = await engine.start();
    const make = stepsOf(world);
    const newer = sagaOf([make.undoable('new')], { version: 2 });
    const upgraded = await createTestEngine({
      definitions: [newer],
      db: engine.db,
    });
    const before = await engine.log.find(id);
    expect(await upgraded.run(id)).toEqual({ status: 'no-such-version' });
    expect(await engine.log.find(id)).toEqual(before);
    const fresh = await upgraded.runToRest(await upgraded.start());
    expect(fresh.version).toBe(2);
    expect((await (await another()).runToRest(id)).state.phase).toBe('completed');
    expect(world.order).toEqual(['do new', 'do old']);
  });

  it('the log is out of reach in mid-run: the saga waits for it, goes on, and does nothing twice', async () => {
    const db = await createTestDatabase();
    const world = await createSagaWorld(db);
    const { proxy, wired } = await connectThroughProxy(db);
    const make = stepsOf(world);
    const cutAfter = (name: string) => ({
      run: async (call: StepCall) => {
        await world.act(name, call);
        proxy.cut();
        return {};
      },
    });
    const definition = sagaOf([
      make.undoable('a', cutAfter('a')),
      make.pivot('pay', cutAfter('pay')),
      make.retriable('post'),
    ]);
    const engine = await createTestEngine({ definitions: [definition], db: wired });
    const id: SagaId = await engine.start();
    const running = engine.runToRest(id);
    for (const effect of ['do a', 'do pay']) {
      await expect.poll(() => world.order, { timeout: 10_000 }).toContain(effect);
      const refusals = proxy.refusals();
      await expect.poll(() => proxy.refusals(), { timeout: 10_000 }).toBeGreaterThan(refusals + 2);
      proxy.heal();
    }
    const saga = await running;
    expect(saga).toMatchObject({ epoch: 1, state: { phase: 'completed' } });
    expect(world.order).toEqual(['do a', 'do pay', 'do post']);
  });

  it('the log is out of reach at the claim: the wake-up is put off, it does not fail', async () => {
    const db = await createTestDatabase();
    const world = await createSagaWorld(db);
    const { proxy, wired } = await connectThroughProxy(db);
    const definition = sagaOf([stepsOf(world).undoable('a')]);
    const engine = await createTestEngine({ definitions: [definition], db: wired });
    const id = await engine.start();
    proxy.cut();
    expect((await engine.run(id)).status).toBe('later');
    proxy.heal();
    expect((await engine.runToRest(id)).state.phase).toBe('completed');
  });
});
