// An operator's hold: a saga that waits for what never comes stands still, stuck, and can be brought to an end (I1); its worker
// and the hold are decided between them by one conditional write (I5, I6).

import { describe, expect, it } from 'vitest';
import type { StepCall } from '../../src/definition.ts';
import { TerminalError, UnavailableError } from '../../src/errors.ts';
import type { Order, Verb } from '../../src/operate/operators.ts';
import { type SagaId, toSagaId } from '../../src/saga-id.ts';
import { setUpEngine, type TestEngine } from '../support/saga-engine.ts';
import { createGate, sagaOf } from '../support/saga-world.ts';

const never = async () => {
  throw new UnavailableError('AWAY', 'nobody answers');
};
const fail = async () => {
  throw new TerminalError('NEVER', 'it cannot be done');
};

function order({ sagas }: TestEngine, id: SagaId, verb: Verb, more: Partial<Order> = {}) {
  return sagas.order(id, { verb, by: 'ann', reason: 'it was destroyed', ...more });
}

/** Held after its first attempt: what it waits for keeps it from nothing. */
async function held(engine: TestEngine) {
  const id = await engine.start();
  expect((await engine.run(id)).status).toBe('later');
  const result = await order(engine, id, 'hold');
  if (result.status !== 'ordered') throw new Error(`hold: ${result.status}`);
  return { id, saga: result.saga };
}

/** Longer than a proof stands for the one call that it allows: that call is as good as under way. */
const OLD_PROOF_MS = 500;

const AT_ONCE = { waitInPlaceMs: 0 };

describe('a saga that waits without end', () => {
  it('in a step: held, stuck with what it waited for, and taken back', async () => {
    const { world, engine } = await setUpEngine(
      (make) => sagaOf([make.undoable('a'), make.undoable('b', { run: never }), make.pivot('pay')]),
      AT_ONCE,
    );
    const { id, saga } = await held(engine);
    expect(saga.state).toMatchObject({ phase: 'stuck', stuckFrom: 'running', pivotBegun: false });
    expect(saga.state.cause).toMatchObject({ code: 'HELD', step: 'b' });
    expect(saga.state.cause?.message).toContain('AWAY: nobody answers');
    expect(saga.history.at(-1)).toMatchObject({
      type: 'hold-ordered',
      detail: 'by ann: it was destroyed',
    });
    expect((await order(engine, id, 'compensate')).status).toBe('ordered');
    expect((await engine.runToRest(id)).state.phase).toBe('compensated');
    expect(world.order).toEqual(['do a', 'undo b', 'undo a']);
  });

  it('in an undo: held, and ended by an operator, who is told what its end gives back', async () => {
    const released: SagaId[] = [];
    const { engine } = await setUpEngine(
      (make) =>
        sagaOf([make.undoable('a', { compensate: never }), make.undoable('b', { run: fail })], {
          release: async ({ sagaId }) => void released.push(toSagaId(sagaId)),
          releases: ({ captures }) => [`releases ${captures.a}`],
          atRisk: () => 7,
        }),
      AT_ONCE,
    );
    const { id, saga } = await held(engine);
    expect(saga.state).toMatchObject({ phase: 'stuck', stuckFrom: 'compensating' });
    const plan = await engine.sagas.plan(saga, new AbortController().signal);
    expect(plan?.atRisk).toBe(7);
    expect(plan?.verbs).toMatchObject([
      { verb: 'retry', isAllowed: true, does: ['compensate a', 'ends compensated'] },
      { verb: 'compensate', isAllowed: false },
      { verb: 'skip', isAllowed: false },
      { verb: 'hold', isAllowed: false, reason: 'it is stuck already' },
      { verb: 'resolve', isAllowed: true, does: ['releases before a', 'ends as vouched'] },
    ]);
    expect(released).toEqual([]);
    const resolved = await order(engine, id, 'resolve', { outcome: 'compensated' });
    expect(resolved).toMatchObject({ saga: { open: false, state: { phase: 'compensated' } } });
    expect(released).toEqual([id]);
  });

  it('in a capture: held, and taken back without an effect', async () => {
    const { world, engine } = await setUpEngine(
      (make) => sagaOf([make.undoable('a', { capture: never }), make.pivot('pay')]),
      AT_ONCE,
    );
    const { id } = await held(engine);
    await order(engine, id, 'compensate');
    expect((await engine.runToRest(id)).state.phase).toBe('compensated');
    expect(world.order).toEqual([]);
  });

  it('for its fence: held, and ended without it', async () => {
    const { engine } = await setUpEngine(
      (make) =>
        sagaOf([make.undoable('a', { run: never })], {
          ...{ fenceEffects: never, release: async () => {}, atRisk: () => 0 },
        }),
      AT_ONCE,
    );
    const id = await engine.start();
    for (const epoch of [1, 2]) {
      expect((await engine.run(id)).status).toBe('later');
      expect(await engine.log.find(id)).toMatchObject({ epoch, state: { phase: 'running' } });
      await engine.pass(60_000);
    }
    await order(engine, id, 'hold');
    const resolved = await order(engine, id, 'resolve', { outcome: 'compensated' });
    expect(resolved).toMatchObject({ saga: { open: false } });
  });

  it('for a child or a moment: held, and a retry goes on with what it had', async () => {
    const found: unknown[] = [];
    const { engine } = await setUpEngine(
      (make) =>
        sagaOf([
          make.retriable('wait', {
            run: async ({ results, nowMs }) => {
              found.push(results.wait ?? null);
              if (found.length > 1) return {};
              return { value: 'turn 1', waitUntilMs: nowMs() + 3_600_000 };
            },
          }),
        ]),
      AT_ONCE,
    );
    const { id } = await held(engine);
    await order(engine, id, 'retry');
    expect((await engine.runToRest(id)).state.phase).toBe('completed');
    expect(found).toEqual([null, 'turn 1']);
  });

  it('beyond the point of no return: held, and there is no way back (I6)', async () => {
    const { world, engine } = await setUpEngine(
      (make) =>
        sagaOf([make.undoable('a'), make.pivot('pay'), make.retriable('b', { run: never })]),
      AT_ONCE,
    );
    const { id } = await held(engine);
    expect(await order(engine, id, 'compensate')).toMatchObject({ status: 'refused' });
    expect(await order(engine, id, 'resolve')).toMatchObject({ saga: { open: false } });
    expect(world.order).toEqual(['do a', 'do pay']);
  });
});

describe('a hold while a worker is in the middle of a step', () => {
  async function setUpBusy(step: 'a' | 'pay') {
    const gate = createGate();
    let runs = 0;
    const set = await setUpEngine((make, world) => {
      const run = async (call: StepCall) => {
        runs += 1;
        if (runs === 1) await gate.pass();
        await call.fence();
        await world.act(step, call);
        return {};
      };
      return sagaOf([
        make.undoable('a', step === 'a' ? { run } : {}),
        make.pivot('pay', step === 'pay' ? { run } : {}),
      ]);
    });
    const id = await set.engine.start();
    const working = set.engine.run(id);
    await gate.reached;
    return { ...set, gate, id, working };
  }

  it.each(['a', 'pay'] as const)(
    'in %s: the worker is fenced before its next effect, and a retry finds out and does it once (I5)',
    async (step) => {
      const { world, engine, another, gate, id, working } = await setUpBusy(step);
      await order(engine, id, 'hold');
      const stuck = await engine.log.find(id);
      await engine.pass(OLD_PROOF_MS);
      gate.open();
      expect(await working).toEqual({ status: 'fenced' });
      expect(await engine.log.find(id)).toEqual(stuck);
      expect(await world.read(step, id)).toEqual({ done: 0, undone: 0 });
      await order(engine, id, 'retry');
      const { state } = await (await another()).runToRest(id);
      expect(state.phase).toBe('completed');
      expect(await world.read(step, id)).toEqual({ done: 1, undone: 0 });
    },
  );

  it('ended by an operator before the worker comes back: nothing of it lands (I2)', async () => {
    const { world, engine, gate, id, working } = await setUpBusy('pay');
    await order(engine, id, 'hold');
    await order(engine, id, 'resolve', { outcome: 'compensated' });
    await engine.pass(OLD_PROOF_MS);
    gate.open();
    expect(await working).toEqual({ status: 'fenced' });
    expect(await world.read('pay', id)).toEqual({ done: 0, undone: 0 });
    expect((await engine.log.find(id))?.state.phase).toBe('compensated');
  });

  it('raced with the worker 30 times: it has ended, or it is stuck and a retry ends it; paid once', async () => {
    const look: { log?: TestEngine['log'] } = {};
    const { world, engine, another } = await setUpEngine((make, at) => {
      const slow = (name: string) => ({
        run: async (call: StepCall) => {
          for (let turn = 0; turn < 3; turn += 1) await look.log?.find(toSagaId(call.sagaId));
          await at.act(name, call);
          return {};
        },
      });
      return sagaOf([make.undoable('a', slow('a')), make.pivot('pay', slow('pay'))]);
    });
    look.log = engine.log;
    const next = await another();
    let holds = 0;
    for (let round = 0; round < 30; round += 1) {
      const id = await engine.start();
      const working = engine.run(id);
      for (let turn = 0; turn < round % 10; turn += 1) await engine.log.find(id);
      const result = await order(engine, id, 'hold');
      await working;
      const phase = (await engine.log.find(id))?.state.phase;
      expect(result.status === 'ordered' ? 'stuck' : 'completed').toBe(phase);
      if (result.status === 'ordered') {
        holds += 1;
        await order(engine, id, 'retry');
        expect((await next.runToRest(id)).state.phase).toBe('completed');
      }
      expect(await world.read('pay', id)).toEqual({ done: 1, undone: 0 });
    }
    expect(holds).toBeGreaterThan(0);
  });
});

it('a saga that has not begun: a hold is refused, a cancel ends it', async () => {
  const { engine } = await setUpEngine((make) => sagaOf([make.undoable('a')]));
  const id = await engine.start();
  expect(await order(engine, id, 'hold')).toMatchObject({
    status: 'refused',
    reason: 'it has not begun: a cancel ends it',
  });
});
