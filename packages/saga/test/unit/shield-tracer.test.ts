import { expect, it } from 'vitest';
import { shieldTracer } from '../../src/engine/shield-tracer.ts';
import type { AcceptanceSpan, Tracer } from '../../src/run/tracer.ts';

const SAGA = { id: 'saga-1', kind: 'test', epoch: 1 } as Parameters<Tracer['claimed']>[0];
const ATTEMPT = { saga: SAGA, doing: 'run', step: 'a', attempt: 1 } as const;

function broken(): never {
  throw new Error('the collector is away');
}

const spanOf = (span: Partial<AcceptanceSpan>): AcceptanceSpan => ({
  within: (work) => work(),
  end: () => undefined,
  traceparent: 'a trace',
  ...span,
});

function tracerOf(span: Partial<AcceptanceSpan>) {
  const failures: unknown[] = [];
  const tracer = shieldTracer(
    { acceptance: () => spanOf(span), claimed: broken, attempt: () => spanOf(span) },
    (error) => void failures.push(error),
  );
  return { tracer, failures };
}

it('a tracer that throws at every call: reported, and the work is done all the same', () => {
  const failures: unknown[] = [];
  const all = { acceptance: broken, claimed: broken, attempt: broken };
  const tracer = shieldTracer(all, (error) => void failures.push(error));
  tracer.claimed(SAGA, 0);
  expect(tracer.acceptance(SAGA)).toMatchObject({ traceparent: '' });
  const span = tracer.attempt(ATTEMPT);
  expect(span.within(() => 1)).toBe(1);
  span.end({ outcome: 'succeeded', errorCode: null });
  expect(failures).toHaveLength(3);
});

it.each([
  ['before the work', { within: broken, end: broken }],
  [
    'after the work',
    {
      within: <T>(work: () => T): T => {
        work();
        return broken();
      },
      end: broken,
    },
  ],
])('a span that throws %s: it is done once, and its answer is given', (_, span) => {
  const { tracer, failures } = tracerOf(span);
  const made = tracer.acceptance(SAGA);
  let done = 0;
  const work = () => {
    done += 1;
    return done;
  };
  expect(made.within(work)).toBe(1);
  made.end({ outcome: 'inserted', errorCode: null });
  expect([done, failures.length]).toEqual([1, 2]);
});

it('the work throws: the tracer has not failed', () => {
  const { tracer, failures } = tracerOf({});
  expect(() => tracer.attempt(ATTEMPT).within(broken)).toThrow('the collector is away');
  expect(failures).toEqual([]);
});
