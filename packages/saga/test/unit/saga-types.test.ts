// What the compiler knows of a definition, from its input to its result: this file is checked by tsc.

import { Type } from 'typebox';
import { expect, expectTypeOf, it } from 'vitest';
import { waitUntil, withWarnings } from '../../src/define/outcome.ts';
import { saga } from '../../src/define/saga.ts';
import type { SagaDefinition } from '../../src/definition.ts';
import type { Engine } from '../../src/engine/engine.ts';
import type { Json } from '../../src/json.ts';
import { createRegistry } from '../../src/registry.ts';
import { type SagaId, toSagaId } from '../../src/saga-id.ts';

/** An interface, as services declare what they return. */
interface Subscription {
  readonly id: string;
  readonly renewsAtMs: number;
}

declare const billing: {
  find(userId: string): Promise<Subscription | null>;
  cancel(id: string): Promise<{ readonly refundMinor: number }>;
};

const open = saga('typed', { key: ({ userId }: { userId: string }) => userId });

const definition = () =>
  open
    .compensatable('subscription', {
      capture: ({ input, captures, results }) => {
        expectTypeOf(input).toEqualTypeOf<{ userId: string }>();
        expectTypeOf(captures).toEqualTypeOf<Partial<Readonly<Record<never, never>>>>();
        expectTypeOf(results).toEqualTypeOf<Partial<Readonly<Record<never, never>>>>();
        return billing.find(input.userId);
      },
      run: ({ capture, progress }) => {
        expectTypeOf(capture).toEqualTypeOf<Subscription>();
        expectTypeOf(progress).toEqualTypeOf<Json>();
        return billing.cancel(capture.id);
      },
      compensate: ({ capture }) => {
        expectTypeOf(capture).toEqualTypeOf<Subscription>();
      },
      observe: () => ({ outcome: 'landed', value: { refundMinor: 1 } }),
      canUndo: (capture) => capture.renewsAtMs > 0,
      deadline: {
        at: ({ capture }) => capture?.renewsAtMs ?? null,
        expired: () => ({ refundMinor: 0 }),
      },
    })
    .compensatable('shelf', {
      capture: () => 7,
      run: async ({ captures, results, nowMs }) => {
        expectTypeOf(captures.subscription).toEqualTypeOf<Subscription>();
        expectTypeOf(results.subscription.refundMinor).toEqualTypeOf<number>();
        if (nowMs() < 5) return waitUntil(5, { asked: true });
        return withWarnings({ place: 'a' }, [{ code: 'c', message: 'm' }]);
      },
      compensate: ({ captures, results }) => {
        // On the way back, steps before this one may have run or not.
        expectTypeOf(captures.subscription).toEqualTypeOf<Subscription | undefined>();
        expectTypeOf(results.subscription?.refundMinor).toEqualTypeOf<number | undefined>();
      },
    })
    .pivot('pay', {
      run: ({ results }) => {
        expectTypeOf(results.shelf).toEqualTypeOf<{ place: string }>();
      },
      observe: () => ({ outcome: 'unknown', reason: 'r' }),
    })
    .retriable('mail', { bestEffort: true, run: () => ({ sent: true }) })
    .retriable('note', {
      run: ({ results, capture }) => {
        expectTypeOf(capture).toEqualTypeOf<null>();
        // Skipped, perhaps; and a step that returns nothing has no result.
        expectTypeOf(results.mail).toEqualTypeOf<{ sent: boolean } | undefined>();
        expectTypeOf(results.pay).toEqualTypeOf<undefined>();
      },
    })
    .holds({
      release: ({ captures }) => {
        expectTypeOf(captures.shelf).toEqualTypeOf<number | undefined>();
      },
      atRisk: ({ results }) => results.subscription?.refundMinor ?? 0,
    })
    .returns(({ input, results }) => {
      expectTypeOf(results.shelf).toEqualTypeOf<{ place: string } | undefined>();
      return { of: input.userId, place: results.shelf?.place };
    });

it('a chain is a definition, for the registry and for an engine', () => {
  expectTypeOf(definition).returns.toExtend<SagaDefinition<{ userId: string }>>();
  expect(createRegistry([definition()]).runnable).toEqual(['typed@1']);
});

it('what a definition returns: what its job gives back', () => {
  const started = (engine: Engine) => engine.start(definition(), { userId: 'u' });
  expectTypeOf(started).returns.resolves.toHaveProperty('result');
  type Result = Awaited<ReturnType<Awaited<ReturnType<typeof started>>['result']>>;
  expectTypeOf<Result>().toEqualTypeOf<{ of: string; place: string | undefined } | null>();
  expect(started).toBeTypeOf('function');
});

it('a branded id as a result: stored as the string it is, and still branded for the next step', () => {
  const child = open.retriable('name', { run: ({ sagaId }) => toSagaId(sagaId) }).retriable('use', {
    run: ({ results }) => {
      expectTypeOf(results.name).toEqualTypeOf<SagaId>();
    },
  });
  expect(child.steps.length).toBe(2);
});

const SEAT = Type.Object({ row: Type.Number(), marks: Type.Array(Type.String()) });

it('a later capture: known to the steps before it as it may be missing, and to those after it as it is', () => {
  const ahead = saga('ahead', { key: () => 'k', laterCaptures: { seat: SEAT } }).compensatable(
    'a',
    {
      capture: () => 1,
      run: ({ captures }) => {
        expectTypeOf(captures.seat?.row).toEqualTypeOf<number | undefined>();
        expectTypeOf(captures.seat?.marks).toEqualTypeOf<readonly string[] | undefined>();
      },
      compensate: () => undefined,
    },
  );
  const seated = ahead
    .compensatable('seat', {
      capture: () => ({ row: 3, marks: ['x'] }),
      run: () => withWarnings({ taken: true }, []),
      compensate: () => undefined,
      // Beside its warnings stands the plain result.
      observe: () => ({ outcome: 'landed', value: { taken: true }, warnings: [] }),
    })
    .retriable('b', {
      run: ({ captures }) => {
        expectTypeOf(captures.seat.row).toEqualTypeOf<number>();
      },
    });
  expect(seated.steps.length).toBe(3);
  const wrong = () =>
    ahead.compensatable('seat', {
      // @ts-expect-error not what `laterCaptures` says of it
      capture: () => ({ row: 'front' }),
      run: () => undefined,
      compensate: () => undefined,
    });
  expect(wrong).toBeTypeOf('function');
});

it('what does not fit is refused by the compiler', () => {
  const wrong = (engine: Engine) => {
    engine.start(definition(), { userId: 'u-42' });
    // @ts-expect-error the input of another saga
    engine.start(definition(), { userId: 42 });
    // @ts-expect-error the pivot is written: nothing after it can be undone (I6)
    definition().compensatable('late', {});
    open.compensatable('date', {
      // @ts-expect-error a Date would come back as a string
      capture: () => ({ at: new Date() }),
      run: () => undefined,
      compensate: () => undefined,
    });
    open.retriable('map', {
      // @ts-expect-error a Map is no JSON
      run: () => ({ observed: new Map<string, string>() }),
    });
    // @ts-expect-error a compensatable step says how it is undone
    open.compensatable('no way back', { capture: () => 1, run: () => undefined });
    open.compensatable('a', {
      capture: () => 1,
      // @ts-expect-error no step of this name stands before this one
      run: ({ results }) => results.later,
      compensate: () => undefined,
    });
    // @ts-expect-error a pivot is observed
    open.pivot('blind', { run: () => undefined });
  };
  expect(wrong).toBeTypeOf('function');
});
