// What one process goes on with is what another would read in the log, whatever happens to the object that was handed over.

import { expect, it } from 'vitest';
import { TerminalError } from '../../src/errors.ts';
import type { Json } from '../../src/json.ts';
import { ownCopy } from '../../src/run/own-copy.ts';
import { startInMemory } from '../support/memory-engine.ts';
import { emptySagaWorld, failing, sagaOf, stepsOf } from '../support/saga-world.ts';

const { undoable } = stepsOf(emptySagaWorld());

it('one input object for many starts: each saga has the input that it was started with', async () => {
  const seen: Json[] = [];
  const step = undoable('a', { run: async ({ input }) => ({ value: Object(input).user }) });
  const input = { user: 'ann' };
  const run = await startInMemory(
    sagaOf([step], { result: ({ results }) => results.a ?? null }),
    input,
  );
  input.user = 'bob';
  seen.push((await run.runToRest()).result);
  expect(seen).toEqual(['ann']);
});

it('a capture that is the object which its run changes: the undo has what was captured', async () => {
  const subscription = { status: 'active' };
  const undone: Json[] = [];
  const step = undoable('cancel', {
    capture: async () => subscription,
    run: failing([], async () => {
      subscription.status = 'cancelled';
      throw new TerminalError('NEVER', 'refused');
    }),
    compensate: async ({ capture }) => void undone.push(capture),
  });
  const end = await (await startInMemory(sagaOf([step]), {})).runToRest();
  expect(end.state.phase).toBe('compensated');
  expect(undone).toEqual([{ status: 'active' }]);
});

it('a step that changes its capture: refused, so that the undo cannot miss it', async () => {
  const step = undoable('a', {
    capture: async () => ({ items: [1, 2] }),
    run: async ({ capture }) => ({ value: Object(capture).items.pop() }),
  });
  const end = await (await startInMemory(sagaOf([step]), {})).runToRest();
  expect(end.state).toMatchObject({
    phase: 'compensated',
    steps: [{ capture: { items: [1, 2] } }],
  });
});

class Point {
  readonly x: number;
  constructor(x: number) {
    this.x = x;
  }
  get doubled(): number {
    return 2 * this.x;
  }
}

it.each([
  ['an instance of a class: its fields', new Point(1), { x: 1 }],
  [
    'undefined: left out of an object, null in a list',
    { a: undefined, b: [undefined] },
    { b: [null] },
  ],
  [
    'a field named __proto__',
    JSON.parse('{"__proto__":{"a":1}}'),
    JSON.parse('{"__proto__":{"a":1}}'),
  ],
  ['a date', { at: new Date(5) }, { at: new Date(5) }],
])('%s', (_, value, copied) => {
  const copy = ownCopy(value as Json, 'it');
  expect(copy).toStrictEqual(copied);
  expect(copy).not.toBe(value);
});

it.each([
  ['a bigint', 10n],
  ['a Map', new Map()],
  ['an error', new Error('e')],
  ['a promise', Promise.resolve(1)],
  ['bytes', Buffer.from('a')],
  ['a function', () => 1],
])('%s, which the log would give back as something else: refused with its place', (name, part) => {
  const value = { list: [1, { part }] } as unknown as Json;
  expect(() => ownCopy(value, 'the input')).toThrow(
    `the input.list[1].part is ${name}, which the log cannot give back as it is`,
  );
});

it('what cannot be copied is left to the log: a circle, a field that throws', () => {
  const circle: Record<string, Json> = {};
  circle.self = circle;
  expect(ownCopy(circle, 'it')).toBe(circle);
  const unreadable = {
    get a(): Json {
      throw new Error('it cannot be read');
    },
  };
  expect(ownCopy(unreadable, 'it')).toBe(unreadable);
});

it('an error whose message cannot be read: tried again like any other, and given up', async () => {
  const error = new TerminalError('CODE', 'x');
  Object.defineProperty(error, 'message', {
    get: () => {
      throw new Error('from the getter');
    },
  });
  const proxy = new Proxy(
    {},
    {
      getPrototypeOf: () => {
        throw new Error('a trap');
      },
    },
  );
  for (const thrown of [error, proxy]) {
    const step = undoable('a', { run: () => Promise.reject(thrown) });
    const end = await (await startInMemory(sagaOf([step]), {})).runToRest();
    expect(end.state).toMatchObject({ phase: 'compensated', cause: { code: 'UNEXPECTED' } });
  }
});
