import { Type } from 'typebox';
import { expect, it } from 'vitest';
import { waitUntil, withWarnings } from '../../src/define/outcome.ts';
import { saga } from '../../src/define/saga.ts';
import { PATIENT_RETRY, RETRY, TIMEOUT_MS } from '../../src/define/steps.ts';
import type { StepCall } from '../../src/definition.ts';
import { InDoubtError, TerminalError } from '../../src/errors.ts';
import type { Json } from '../../src/json.ts';
import { createRegistry } from '../../src/registry.ts';
import type { StoredOf } from '../../src/run/stored.ts';
import { startInMemory } from '../support/memory-engine.ts';

const toy = saga('toy', { key: ({ id }: { id: string }) => id });
const INPUT = { id: 'a' };

it('a chain: each call gives a new definition, in the order of its steps, with the defaults of its kind', () => {
  const first = toy.compensatable('take', {
    capture: () => 'before',
    run: () => undefined,
    compensate: () => undefined,
  });
  const whole = first
    .pivot('pay', { run: () => undefined, observe: () => ({ outcome: 'absent' }) })
    .retriable('post', { run: () => undefined, timeoutMs: 5 })
    .retriable('mail', { run: () => undefined, bestEffort: true });
  expect(toy.steps).toEqual([]);
  expect(first.steps.map(({ name }) => name)).toEqual(['take']);
  expect(whole.steps).toMatchObject([
    { kind: 'compensatable', retry: RETRY, compensateRetry: PATIENT_RETRY, timeoutMs: TIMEOUT_MS },
    { kind: 'pivot', name: 'pay', retry: PATIENT_RETRY },
    { kind: 'retriable', name: 'post', retry: PATIENT_RETRY, timeoutMs: 5, bestEffort: false },
    { kind: 'retriable', name: 'mail', retry: RETRY, bestEffort: true },
  ]);
  expect(createRegistry([whole]).runnable).toEqual(['toy@1']);
});

it('what a step returns: a plain value is its result, nothing is none, warnings come beside it', async () => {
  const observed: unknown[] = [];
  const definition = toy
    .compensatable('read', {
      capture: ({ input }) => ({ was: input.id }),
      run: ({ capture }) => ({ is: `${capture.was}!` }),
      compensate: () => undefined,
    })
    .retriable('warn', {
      run: () => withWarnings(2, [{ code: 'too-late', message: 'it was gone' }]),
    })
    .retriable('quiet', { run: () => undefined })
    .retriable('last', {
      run: ({ captures, results }) => {
        observed.push(captures, results);
      },
    })
    .returns(({ input, results, captures }) => ({ input, ...captures, ...results }));
  const { state, result } = await (await startInMemory(definition, INPUT)).runToRest();
  expect(state.phase).toBe('completed');
  expect(observed).toEqual([{ read: { was: 'a' } }, { read: { is: 'a!' }, warn: 2 }]);
  expect(state.warnings).toEqual([{ code: 'too-late', message: 'it was gone' }]);
  expect(result).toEqual({ input: INPUT, read: { is: 'a!' }, warn: 2 });
});

it('a step that waits: run again at its moment with its progress, no attempt counted', async () => {
  const calls: unknown[] = [];
  const definition = toy.retriable('poll', {
    run: ({ progress, attempt, nowMs }) => {
      calls.push([progress, attempt]);
      return calls.length < 3 ? waitUntil(nowMs() + 60_000, calls.length) : 'there';
    },
  });
  const { state } = await (await startInMemory(definition, INPUT)).runToRest();
  expect(calls).toEqual([
    [null, 1],
    [1, 1],
    [2, 1],
  ]);
  expect(state.steps[0]).toMatchObject({ status: 'done', value: 'there' });
});

it('a capture that cannot be read: asked for again before the step, and compensated with what it became', async () => {
  let reads = 0;
  const undone: unknown[] = [];
  const definition = toy
    .compensatable('take', {
      capture: () => {
        reads += 1;
        return reads < 3 ? null : { at: reads };
      },
      run: () => undefined,
      compensate: ({ capture }) => {
        undone.push(capture);
        return { warnings: [{ code: 'half', message: 'not all of it' }] };
      },
    })
    .compensatable('refuse', {
      capture: () => 1,
      run: () => {
        throw new TerminalError('NO', 'never');
      },
      compensate: () => undefined,
    });
  const { state } = await (await startInMemory(definition, INPUT)).runToRest();
  expect(state).toMatchObject({ phase: 'compensated', warnings: [{ code: 'half' }] });
  expect(undone).toEqual([{ at: 3 }]);
});

const AMOUNT = Type.Object({ minor: Type.Integer() });
// What an earlier program stored, before amounts were whole.
const ODD = { minor: 1.5 };

it('a capture that does not fit its schema any more: the saga stands still before it acts on it', async () => {
  const definition = toy.compensatable('take', {
    capture: () => ODD,
    captureSchema: AMOUNT,
    run: () => undefined,
    compensate: () => undefined,
  });
  const { state } = await (await startInMemory(definition, INPUT)).runToRest();
  expect(state).toMatchObject({ phase: 'stuck', cause: { code: 'LOG_UNREADABLE', step: 'take' } });
  expect(state.cause?.message).toBe('the log holds no readable capture of take');
});

it('a result that does not fit its schema any more: held by the step that reads it, and only by that', async () => {
  const definition = toy
    .retriable('price', { run: () => ODD, resultSchema: AMOUNT })
    .retriable('indifferent', { run: () => undefined })
    .retriable('pay', { run: ({ results }) => results.price.minor });
  const { state } = await (await startInMemory(definition, INPUT)).runToRest();
  expect(state).toMatchObject({ phase: 'stuck', cause: { code: 'LOG_UNREADABLE', step: 'pay' } });
});

const ORDER = Type.Object({ id: Type.String(), minor: Type.Integer() });
type Order = StoredOf<typeof ORDER>;

it('an input that does not fit its schema: refused before it is stored', async () => {
  const definition = saga('order', { inputSchema: ORDER, key: ({ id }: Order) => id }).retriable(
    'pay',
    { run: ({ input }) => input.minor },
  );
  const refused = startInMemory(definition, { id: 'a', minor: 1.5 });
  await expect(refused).rejects.toMatchObject({ code: 'LOG_UNREADABLE' });
  const { state } = await (await startInMemory(definition, { id: 'a', minor: 2 })).runToRest();
  expect(state.phase).toBe('completed');
});

it('an input in the log that does not fit its schema any more: held by the step that reads it', async () => {
  const key = ({ id }: Order) => id;
  const stored = saga('order', { key }).retriable('pay', { run: () => undefined });
  const { steps } = saga('order', { inputSchema: ORDER, key })
    .retriable('indifferent', { run: () => undefined })
    .retriable('pay', { run: ({ input }) => input.minor });
  const { state } = await (
    await startInMemory({ ...stored, steps }, { id: 'a', minor: 1.5 })
  ).runToRest();
  expect(state).toMatchObject({ phase: 'stuck', cause: { code: 'LOG_UNREADABLE', step: 'pay' } });
});

const SEAT = Type.Object({ row: Type.Integer() });

/** What the first step reads of the capture that the second one has taken. */
async function lookAhead(seat: () => { row: number } | null) {
  const observed: unknown[] = [];
  let reads = 0;
  const definition = saga('ahead', {
    key: ({ id }: { id: string }) => id,
    laterCaptures: { seat: SEAT },
  })
    .compensatable('note', {
      capture: () => 1,
      run: ({ captures }) => {
        observed.push(captures.seat?.row ?? 'not read');
      },
      compensate: () => undefined,
    })
    .compensatable('seat', {
      capture: () => {
        reads += 1;
        return reads === 1 ? seat() : { row: 7 };
      },
      run: () => undefined,
      compensate: () => undefined,
    });
  const { state } = await (await startInMemory(definition, INPUT)).runToRest();
  return { observed, state };
}

it('a later capture: read by the step before it, or missing there where it could not be taken yet', async () => {
  const known = await lookAhead(() => ({ row: 3 }));
  expect([known.observed, known.state.phase]).toEqual([[3], 'completed']);
  const unknown = await lookAhead(() => null);
  expect([unknown.observed, unknown.state.phase]).toEqual([['not read'], 'completed']);
});

it('a later capture that does not fit its schema: the step that reads it stands still', async () => {
  const { observed, state } = await lookAhead(() => ({ row: 3.5 }));
  expect(observed).toEqual([]);
  expect(state).toMatchObject({ phase: 'stuck', cause: { code: 'LOG_UNREADABLE', step: 'note' } });
});

it('what a saga holds: fenced and released by what the log says, or not at all where it does not fit', async () => {
  const released: unknown[] = [];
  const { release, fenceEffects } = toy
    .compensatable('take', {
      capture: () => ODD,
      captureSchema: AMOUNT,
      run: () => undefined,
      compensate: () => undefined,
    })
    .holds({
      fenceEffects: ({ captures }) => void released.push(captures.take?.minor),
      release: ({ captures }) => void released.push(captures.take?.minor),
      atRisk: () => 0,
    });
  const callOf = (take: Json) =>
    ({ captures: { take }, results: {} }) as unknown as StepCall<typeof INPUT>;
  for (const effect of [fenceEffects, release]) {
    const rejected = { code: 'LOG_UNREADABLE' };
    await expect(effect?.call(toy, callOf(ODD))).rejects.toMatchObject(rejected);
    await effect?.call(toy, callOf({ minor: 5 }));
  }
  expect(released).toEqual([5, 5]);
});

it('whose share a saga takes: named by its input', () => {
  const key = ({ id }: { id: string }) => id;
  const { fairnessKey } = saga('fair', { key, fairnessKey: ({ id }) => `of ${id}` });
  expect(fairnessKey?.({ id: 'a' })).toBe('of a');
});

const answers = (...given: readonly (() => undefined)[]) => {
  let call = 0;
  return () => {
    const answer = given[call] ?? given.at(-1);
    call += 1;
    return answer?.();
  };
};
const never = () => {
  throw new TerminalError('REFUSED', 'the card was refused');
};
const doubt = () => {
  throw new InDoubtError('TIMEOUT', 'no answer');
};
const hiccup = () => {
  throw new Error('busy');
};

function payingOf(run: () => undefined, paid: { landed: boolean } = { landed: false }) {
  return toy
    .compensatable('take', { capture: () => 1, run: () => undefined, compensate: () => undefined })
    .pivot('pay', { run, observe: () => ({ outcome: paid.landed ? 'landed' : 'absent' }) });
}

it('a pivot without abort, refused in its only attempt: observed absent, it goes back', async () => {
  const { state } = await (await startInMemory(payingOf(answers(never)), INPUT)).runToRest();
  expect(state).toMatchObject({ phase: 'compensated', cause: { code: 'REFUSED' } });
});

it.each([
  ['in doubt', doubt],
  ['failed in an unknown way', hiccup],
])(
  'a pivot without abort, refused after an attempt that was %s: it never goes back by itself (I6)',
  async (_, first) => {
    const run = await startInMemory(payingOf(answers(first, never)), INPUT);
    const { state } = await run.runToRest();
    expect(state).toMatchObject({ phase: 'stuck', cause: { code: 'ABORT_MISSING', step: 'pay' } });
    expect(await run.order({ verb: 'compensate' })).toBe('refused');
    expect(await run.order({ verb: 'retry' })).toBe('ordered');
    expect((await run.runToRest()).state.cause?.code).toBe('ABORT_MISSING');
    expect(await run.order({ verb: 'retry', choice: 'go-back' })).toBe('ordered');
    expect((await run.runToRest()).state).toMatchObject({ phase: 'compensated' });
  },
);

it('a pivot without abort whose earlier attempt lands late: a retry finds it and goes forward', async () => {
  const paid = { landed: false };
  const run = await startInMemory(payingOf(answers(doubt, never), paid), INPUT);
  expect((await run.runToRest()).state.phase).toBe('stuck');
  paid.landed = true;
  expect(await run.order({ verb: 'retry' })).toBe('ordered');
  expect((await run.runToRest()).state.phase).toBe('completed');
});

it('choices of the definition: offered beside those of a pivot without abort', () => {
  const choices = ({ step }: { readonly step: string }) => (step === 'take' ? ['force'] : []);
  const { choices: offered } = saga('c', { key: () => 'k', choices }).pivot('pay', {
    run: () => undefined,
    observe: () => ({ outcome: 'absent' }),
  });
  expect(offered?.({ step: 'take', code: 'ANY' })).toEqual(['force']);
  expect(offered?.({ step: 'pay', code: 'ABORT_MISSING' })).toEqual(['go-back']);
  expect(offered?.({ step: 'pay', code: 'OTHER' })).toEqual([]);
});

it('a pivot with a deadline and no abort: refused when it is written', () => {
  const deadline = { at: () => null, expired: () => undefined };
  const observe = () => ({ outcome: 'absent' }) as const;
  expect(() => toy.pivot('pay', { run: () => undefined, observe, deadline })).toThrow('no abort');
});
