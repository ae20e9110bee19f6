// The runner on a real log: what becomes of a saga when its steps fail in every way there is, and when its
// workers come and go. What happened is read from the effects, not only from the log.

import { describe, expect, it } from 'vitest';
import type { StepResult } from '../../src/definition.ts';
import {
  HoldError,
  InDoubtError,
  RetryableError,
  TerminalError,
  UnavailableError,
} from '../../src/errors.ts';
import type { SagaRecord } from '../../src/log/record.ts';
import { setUpEngine } from '../support/saga-engine.ts';
import { failing, sagaOf } from '../support/saga-world.ts';

const RETRY = { verb: 'retry', by: 'admin:test', reason: 'mended' } as const;

function statuses({ state }: SagaRecord): readonly string[] {
  return state.steps.map(({ status }) => status);
}

const again = () => new RetryableError('AGAIN', 'not now');
const never = () => new TerminalError('NEVER', 'it cannot be');
const perhaps = () => new InDoubtError('PERHAPS', 'who knows');

describe('forwards', () => {
  it('every step succeeds: in order, once, with the result made of what they left', async () => {
    const { world, runOne } = await setUpEngine((make) =>
      sagaOf([make.undoable('a'), make.undoable('b'), make.pivot('pay'), make.retriable('post')], {
        result: ({ results, captures }) => ({ results, captures }),
      }),
    );
    const saga = await runOne();
    expect(saga.state.phase).toBe('completed');
    expect(world.order).toEqual(['do a', 'do b', 'do pay', 'do post']);
    expect(saga.result).toEqual({
      results: { a: 'a done', b: 'b done', pay: 'pay done', post: 'post done' },
      captures: { a: 'before a', b: 'before b' },
    });
    expect(saga.history.map(({ type, step }) => [type, step])).toEqual([
      ['claimed', null],
      ['captured-all', null],
      ['succeeded', 'a'],
      ['succeeded', 'b'],
      ['succeeded', 'pay'],
      ['succeeded', 'post'],
    ]);
  });

  it('a capture that another release has stored, which tells not whether it can be undone: stuck, and no cancel is taken', async () => {
    const unreadable = () => {
      throw new HoldError('LOG_UNREADABLE', 'of another release');
    };
    const { engine } = await setUpEngine((make) =>
      sagaOf([make.undoable('a', { run: async () => unreadable(), canUndo: unreadable })]),
    );
    const id = await engine.start();
    expect((await engine.runToRest(id)).state).toMatchObject({
      ...{ phase: 'stuck', cause: { step: 'a', code: 'LOG_UNREADABLE' } },
    });
    expect(await engine.sagas.requestCancel(id, 'ann')).toMatchObject({
      ...{ status: 'too-late', by: 'step' },
    });
  });

  it('its definition makes no result at its end: stuck with the reason, and ends when it makes one, or by order', async () => {
    let isBroken = true;
    const result = () => {
      if (isBroken) throw new TypeError('no such field');
      return 'made';
    };
    const { engine } = await setUpEngine((make) =>
      sagaOf([make.undoable('a'), make.pivot('pay')], { result }),
    );
    const [mended, ended] = [await engine.start(), await engine.start()];
    for (const id of [mended, ended]) {
      expect((await engine.runToRest(id)).state).toMatchObject({
        ...{ phase: 'stuck', cause: { step: 'pay', code: 'RESULT_FAILED' } },
      });
    }
    const by = { by: 'ann', reason: 'seen to' };
    const order = { ...by, verb: 'resolve', outcome: 'completed' } as const;
    expect(await engine.sagas.order(ended, order)).toMatchObject({ saga: { result: null } });
    isBroken = false;
    await engine.sagas.order(mended, RETRY);
    const saga = await engine.runToRest(mended);
    expect([saga.state.phase, saga.result]).toEqual(['completed', 'made']);
  });

  it('two failures, then success: three attempts, one effect', async () => {
    const { world, runOne } = await setUpEngine((make, at) =>
      sagaOf([
        make.undoable('a', { run: failing([again(), again()], (call) => at.act('a', call)) }),
      ]),
    );
    const saga = await runOne();
    expect(saga.state).toMatchObject({ phase: 'completed', steps: [{ attempts: 3 }] });
    expect(await world.read('a', saga.id)).toEqual({ done: 1, undone: 0 });
    expect(saga.history.filter(({ type }) => type === 'begun')).toHaveLength(2);
  });

  it('a best-effort step that gives up: completed, with a warning that says what is unfinished', async () => {
    const { runOne } = await setUpEngine((make) =>
      sagaOf([
        make.pivot('pay'),
        make.retriable('clean', { bestEffort: true, run: failing([never()], async () => {}) }),
      ]),
    );
    const saga = await runOne();
    expect(saga.state).toMatchObject({
      phase: 'completed',
      warnings: [{ code: 'clean-unfinished', message: 'NEVER: it cannot be' }],
    });
  });

  it('a capture that cannot be taken at first: its own step asks again and waits for it', async () => {
    let asked = 0;
    const { world, runOne } = await setUpEngine((make) =>
      sagaOf([
        make.undoable('a'),
        make.undoable('b', {
          capture: async () => {
            asked += 1;
            if (asked === 1) throw new UnavailableError('AWAY', 'the source is away');
            return asked === 2 ? null : 'at last';
          },
        }),
      ]),
    );
    const saga = await runOne();
    expect(saga.state).toMatchObject({ phase: 'completed', steps: [{}, { capture: 'at last' }] });
    expect(world.order).toEqual(['do a', 'do b']);
  });

  it('an outage: burns no attempt, and the step goes on when it is over', async () => {
    const away = () => new UnavailableError('AWAY', 'nobody answers');
    const { world, runOne } = await setUpEngine((make, at) =>
      sagaOf([
        make.undoable('a', {
          retry: { attempts: 1, baseMs: 1, capMs: 1 },
          run: failing([away(), away()], (call) => at.act('a', call)),
        }),
      ]),
    );
    const saga = await runOne();
    expect(saga.state).toMatchObject({ phase: 'completed', steps: [{ attempts: 1 }] });
    expect(await world.read('a', saga.id)).toEqual({ done: 1, undone: 0 });
  });

  it('an outage beyond the deadline: its policy decides in time, and knows the last error', async () => {
    const { world, runOne } = await setUpEngine((make) =>
      sagaOf([
        make.undoable('a', {
          run: async () => {
            throw new UnavailableError('AWAY', 'nobody answers', { retryAfterMs: 3_600_000 });
          },
          deadline: {
            at: ({ startedAtMs }) => (startedAtMs === null ? null : startedAtMs + 700),
            expired: async (_, lastError) => ({
              warnings: [{ code: 'given-up', message: lastError ?? '' }],
            }),
          },
        }),
        make.pivot('pay'),
      ]),
    );
    const saga = await runOne();
    expect(saga.state).toMatchObject({
      phase: 'completed',
      warnings: [{ code: 'given-up', message: 'nobody answers' }],
    });
    const [first] = saga.state.steps;
    const tookMs = (first?.finishedAtMs ?? 0) - (saga.state.startedAtMs ?? 0);
    expect(tookMs).toBeGreaterThanOrEqual(700);
    expect(world.order).toEqual(['do pay']);
  });

  it('the deadline cuts the last attempt of a budget short: its policy decides, not the budget', async () => {
    const { runOne } = await setUpEngine((make) => {
      const { observe: _, ...blind } = make.undoable('a', {
        retry: { attempts: 1, baseMs: 1, capMs: 1 },
        run: () => new Promise<never>(() => undefined),
        deadline: {
          at: ({ startedAtMs }) => (startedAtMs === null ? null : startedAtMs + 300),
          expired: async (_, lastError) => ({
            warnings: [{ code: 'given-up', message: lastError ?? '' }],
          }),
        },
      });
      return sagaOf([blind, make.pivot('pay')]);
    });
    expect((await runOne()).state).toMatchObject({
      phase: 'completed',
      warnings: [{ code: 'given-up', message: expect.stringMatching(/^no answer within \d+ ms$/) }],
    });
  });

  it('the deadline passes at the pivot: it is aborted once, after its own time too, and goes back', async () => {
    let aborts = 0;
    const { world, runOne } = await setUpEngine((make, at) =>
      sagaOf([
        make.undoable('a'),
        make.pivot('pay', {
          retry: { attempts: 100_000, baseMs: 1, capMs: 2 },
          run: async () => {
            throw new UnavailableError('AWAY', 'the host is away');
          },
          deadline: {
            at: ({ startedAtMs }) => (startedAtMs ?? 0) + 200,
            expired: async () => {
              throw new TerminalError('TIMED_OUT', 'too late');
            },
          },
          abort: (call) => {
            aborts += 1;
            return at.observe('pay', call);
          },
        }),
      ]),
    );
    const saga = await runOne();
    expect(saga.state).toMatchObject({ phase: 'compensated', cause: { code: 'TIMED_OUT' } });
    expect(aborts).toBe(1);
    expect(await world.read('a', saga.id)).toEqual({ done: 1, undone: 1 });
  });

  it('a deadline that cannot be read: stuck for a person, not a job that fails for ever', async () => {
    const { runOne } = await setUpEngine((make) =>
      sagaOf([
        make.undoable('a', {
          deadline: {
            at: () => {
              throw new HoldError('LOG_UNREADABLE', 'no readable input');
            },
            expired: async () => ({}),
          },
        }),
      ]),
    );
    expect((await runOne()).state).toMatchObject({
      phase: 'stuck',
      cause: { code: 'LOG_UNREADABLE', step: 'a' },
    });
  });

  it('a long backoff: the slot is given back, nobody runs it early, and then the next attempt runs', async () => {
    const later = () => new RetryableError('LATER', 'come back', { retryAfterMs: 600 });
    const { world, engine } = await setUpEngine(
      (make, at) =>
        sagaOf([
          make.undoable('a', { run: failing([later(), later()], (call) => at.act('a', call)) }),
        ]),
      { waitInPlaceMs: 50 },
    );
    const id = await engine.start();
    const first = await engine.run(id);
    expect(first.status).toBe('later');
    const early = await engine.run(id);
    expect(early).toEqual(first);
    const saga = await engine.runToRest(id);
    expect(saga.state).toMatchObject({ phase: 'completed', steps: [{ attempts: 3 }] });
    expect(saga.epoch).toBe(3);
    expect(world.order).toEqual(['do a']);
  });
});

describe('backwards', () => {
  it('the budget is used up: every captured step is undone in reverse, one that never ran too', async () => {
    const { world, runOne } = await setUpEngine((make) =>
      sagaOf([
        make.undoable('a'),
        make.undoable('b', { run: failing([again(), again(), again()], async () => {}) }),
        make.undoable('c'),
        make.pivot('pay'),
      ]),
    );
    const saga = await runOne();
    expect(saga.state).toMatchObject({
      phase: 'compensated',
      cause: { code: 'AGAIN', step: 'b', class: 'retryable' },
    });
    expect(statuses(saga)).toEqual(['compensated', 'compensated', 'compensated', 'pending']);
    expect(world.order).toEqual(['do a', 'undo c', 'undo b', 'undo a']);
  });

  it('an error before the pivot that no repetition helps: undone at once', async () => {
    const { world, runOne } = await setUpEngine((make) =>
      sagaOf([
        make.undoable('a'),
        make.undoable('b', { run: failing([never()], async () => {}) }),
        make.pivot('pay'),
      ]),
    );
    const saga = await runOne();
    expect(saga.state).toMatchObject({ phase: 'compensated', cause: { code: 'NEVER', step: 'b' } });
    expect(world.order).toEqual(['do a', 'undo b', 'undo a']);
  });

  it('the pivot fails for good and aborting sees it absent: compensated, never paid (I6)', async () => {
    const { world, runOne } = await setUpEngine((make) =>
      sagaOf([make.undoable('a'), make.pivot('pay', { run: failing([never()], async () => {}) })]),
    );
    const saga = await runOne();
    expect(saga.state).toMatchObject({
      phase: 'compensated',
      cause: { code: 'NEVER', step: 'pay' },
    });
    expect(world.order).toEqual(['do a', 'see pay', 'undo a']);
  });

  it('the pivot fails for good and aborting sees it landed: completed, nothing undone (I6)', async () => {
    const { world, runOne } = await setUpEngine((make, at) =>
      sagaOf([
        make.undoable('a'),
        make.pivot('pay', {
          run: async (call) => {
            await at.act('pay', call);
            throw never();
          },
        }),
      ]),
    );
    const saga = await runOne();
    expect(saga.state).toMatchObject({ phase: 'completed', cause: null });
    expect(world.order).toEqual(['do a', 'do pay', 'see pay']);
  });

  it('aborting cannot tell: asked until the budget is used up, then stuck, nothing undone', async () => {
    let asked = 0;
    const { world, runOne } = await setUpEngine((make) =>
      sagaOf([
        make.undoable('a'),
        make.pivot('pay', {
          run: failing([never()], async () => {}),
          abort: async () => {
            asked += 1;
            return { outcome: 'unknown', reason: 'no answer' };
          },
        }),
      ]),
    );
    const saga = await runOne();
    expect(saga.state).toMatchObject({ phase: 'stuck', cause: { code: 'OUTCOME_UNKNOWN' } });
    expect(asked).toBe(3);
    expect(world.order).toEqual(['do a']);
  });

  it('stuck while aborting, and sent on by an operator: aborts on, and never pays what it has shut out (I6)', async () => {
    let isShut = false;
    let answers = 0;
    const { world, engine } = await setUpEngine((make, at) =>
      sagaOf([
        make.undoable('a'),
        make.pivot('pay', {
          run: failing([never()], async (call) => {
            if (!isShut) await at.act('pay', call);
          }),
          abort: async () => {
            isShut = true;
            answers += 1;
            if (answers > 3) return { outcome: 'absent' };
            return { outcome: 'unknown', reason: 'no answer' };
          },
        }),
      ]),
    );
    const id = await engine.start();
    expect((await engine.runToRest(id)).state.phase).toBe('stuck');
    expect(await engine.sagas.order(id, RETRY)).toMatchObject({ status: 'ordered' });
    const saga = await engine.runToRest(id);
    expect(saga.state).toMatchObject({ phase: 'compensated', cause: { step: 'pay' } });
    expect(world.order).toEqual(['do a', 'undo a']);
  });

  it('a compensation that fails: again with its own budget, then stuck, and a retry goes on backwards', async () => {
    const { world, engine } = await setUpEngine((make, at) => {
      const undo = failing([again(), again(), again()], (call) => at.undo('a', call));
      return sagaOf([
        make.undoable('a', { compensate: async (call) => void (await undo(call)) }),
        make.undoable('b', { run: failing([never()], async () => {}) }),
      ]);
    });
    const id = await engine.start();
    const stuck = await engine.runToRest(id);
    expect(stuck.state).toMatchObject({ phase: 'stuck', stuckFrom: 'compensating' });
    expect(await engine.sagas.order(id, RETRY)).toMatchObject({ status: 'ordered' });
    expect((await engine.runToRest(id)).state.phase).toBe('compensated');
    expect(world.order).toEqual(['do a', 'undo b', 'undo a']);
  });

  it('cancelled before anything began: cancelled, without an effect', async () => {
    const { world, engine } = await setUpEngine((make) => sagaOf([make.undoable('a')]));
    const id = await engine.start();
    expect((await engine.sagas.requestCancel(id, 'me')).status).toBe('requested');
    expect((await engine.runToRest(id)).state.phase).toBe('cancelled');
    expect(world.order).toEqual([]);
  });
});

describe('a person is needed', () => {
  it('a hold: stuck in place with nothing undone, and a retry looks first, then goes on', async () => {
    const { world, engine } = await setUpEngine((make, at) => {
      const hold = new HoldError('NOT_MONEY', 'amount is not money');
      return sagaOf([
        make.undoable('a'),
        make.undoable('b', { run: failing([hold], (call) => at.act('b', call)) }),
      ]);
    });
    const id = await engine.start();
    const stuck = await engine.runToRest(id);
    expect(stuck).toMatchObject({
      open: true,
      state: { phase: 'stuck', cause: { class: 'hold', code: 'NOT_MONEY', step: 'b' } },
    });
    expect(world.order).toEqual(['do a']);
    expect(await engine.sagas.order(id, RETRY)).toMatchObject({ status: 'ordered' });
    expect((await engine.runToRest(id)).state.phase).toBe('completed');
    expect(world.order).toEqual(['do a', 'see b', 'do b']);
  });

  it('sent on after its deadline, and picked up later still: it is tried once before the deadline decides', async () => {
    const { world, engine } = await setUpEngine((make, at) => {
      const away = new UnavailableError('AWAY', 'nobody answers');
      return sagaOf([
        make.undoable('a', {
          run: failing([away], (call) => at.act('a', call)),
          deadline: {
            // Over at every observation: no worker comes in time.
            at: ({ startedAtMs }) => (startedAtMs ?? 1) - 1,
            expired: async () => {
              throw new HoldError('GIVEN_UP', 'a person decides');
            },
          },
        }),
      ]);
    });
    const id = await engine.start();
    expect((await engine.runToRest(id)).state).toMatchObject({
      phase: 'stuck',
      cause: { code: 'GIVEN_UP' },
    });
    expect(await engine.sagas.order(id, RETRY)).toMatchObject({ status: 'ordered' });
    expect((await engine.runToRest(id)).state.phase).toBe('completed');
    expect(world.order).toEqual(['see a', 'do a']);
  });

  it('errors of any kind and length: stored short and without secrets', async () => {
    const secret = 'mongodb://root:hunter2@db.internal/x';
    const thrown = [
      `a string with ${secret}`,
      // The secret lies across the limit.
      new Error(`${'x '.repeat(240)}Bearer abc.def.ghi ${'y '.repeat(2_500)}`),
      { toString: () => `an object with authorization: Basic cm9vdDpodW50ZXIy` },
    ];
    const { runOne, db } = await setUpEngine((make) =>
      sagaOf([make.retriable('a', { run: failing(thrown, async () => {}) })]),
    );
    const saga = await runOne();
    expect(saga.state).toMatchObject({ phase: 'stuck', cause: { code: 'UNEXPECTED' } });
    const failures = saga.history.filter(({ type }) => type === 'failed');
    expect(failures.map(({ detail }) => (detail ?? '').length).sort((a, b) => a - b)[2]).toBe(512);
    const stored = await db.collection('sagas').findOne({ key: saga.key });
    const text = JSON.stringify(stored);
    for (const part of ['hunter2', 'abc.def', 'cm9vd']) expect(text).not.toContain(part);
    expect(text).toContain('mongodb://***@db.internal');
  });
});

describe('in doubt', () => {
  it('the effect landed and its answer was lost: observed, not done again', async () => {
    const { world, runOne } = await setUpEngine((make, at) =>
      sagaOf([
        make.pivot('pay', {
          run: async (call) => {
            await at.act('pay', call);
            throw perhaps();
          },
        }),
      ]),
    );
    const saga = await runOne();
    expect(saga.state.phase).toBe('completed');
    expect(await world.read('pay', saga.id)).toEqual({ done: 1, undone: 0 });
    expect(world.order).toEqual(['do pay', 'see pay']);
  });

  it('the effect did not happen: observed absent, then done once', async () => {
    const { world, runOne } = await setUpEngine((make, at) =>
      sagaOf([make.pivot('pay', { run: failing([perhaps()], (call) => at.act('pay', call)) })]),
    );
    expect((await runOne()).state.phase).toBe('completed');
    expect(world.order).toEqual(['see pay', 'do pay']);
  });

  it('nobody can tell: a step before the pivot is undone, the pivot is stuck and not paid again', async () => {
    const unknown = async () => ({ outcome: 'unknown', reason: 'no answer' }) as const;
    const { world, engine } = await setUpEngine((make) => [
      sagaOf([
        make.undoable('a', { run: failing([perhaps()], async () => {}), observe: unknown }),
        make.pivot('pay'),
      ]),
      sagaOf(
        [
          make.undoable('b'),
          make.pivot('pay', { run: failing([perhaps()], async () => {}), observe: unknown }),
        ],
        { name: 'other-saga' },
      ),
    ]);
    const undone = await engine.runToRest(await engine.start());
    expect(undone.state.phase).toBe('compensated');
    const stuck = await engine.runToRest(await engine.start('other-saga'));
    expect(stuck.state).toMatchObject({ phase: 'stuck', cause: { code: 'OUTCOME_UNKNOWN' } });
    expect(world.order).toEqual(['undo a', 'do b']);
  });

  it('a step that outlasts its time: its signal fires, and what it did is observed', async () => {
    let wasAborted = false;
    const { world, runOne } = await setUpEngine((make, at) =>
      sagaOf([
        make.undoable('a', {
          timeoutMs: 150,
          run: async (call) => {
            await at.act('a', call);
            call.signal.addEventListener('abort', () => {
              wasAborted = true;
            });
            return new Promise<StepResult>(() => undefined);
          },
        }),
      ]),
    );
    const saga = await runOne();
    expect(saga.state).toMatchObject({ phase: 'completed', steps: [{ attempts: 1 }] });
    expect(wasAborted).toBe(true);
    expect(world.order).toEqual(['do a', 'see a']);
  });
});
