import { describe, expect, it } from 'vitest';
import type { SagaEvent } from '../../src/machine/events.ts';
import { apply, decide } from '../../src/machine/machine.ts';
import type { SagaShape } from '../../src/machine/shape.ts';
import { initialState, type SagaState } from '../../src/machine/state.ts';
import { CLAIMED_AGAIN, eventsOf } from '../../src/testing/search/saga-events.ts';

const SHAPE: SagaShape = {
  steps: [
    step('lock', 'compensatable', 2),
    step('stop', 'compensatable', 2),
    step('pay', 'pivot', 2),
    step('post', 'retriable', 2),
    { ...step('clean', 'retriable', 2), bestEffort: true },
  ],
};

function step(name: string, kind: 'compensatable' | 'pivot' | 'retriable', attempts: number) {
  return { name, kind, attempts, compensations: 2, canObserve: true, bestEffort: false };
}

const EVENTS = eventsOf(SHAPE);

/** What may come at any moment, besides. */
const INTRUSIONS: SagaEvent[] = [
  { type: 'cancel-requested', atMs: 1 },
  CLAIMED_AGAIN,
  { type: 'retry-ordered', atMs: 1 },
  { type: 'woken' },
];

interface Edge {
  /** The text of `before`, which tells states apart. */
  readonly from: string;
  readonly before: SagaState;
  readonly event: SagaEvent;
  readonly after: SagaState;
  readonly to: string;
}

/** More than there are: a bug may open up a space that takes minutes, and its breach is found in the first of it. */
const MAX_STATES = 100_000;

/** Every state that can be reached, and every edge between them. */
function explore(): { readonly states: ReadonlyMap<string, SagaState>; readonly edges: Edge[] } {
  const first = initialState(SHAPE);
  const states = new Map([[JSON.stringify(first), first]]);
  const edges: Edge[] = [];
  // A map gives what is added to it during the loop, too.
  for (const [from, before] of states) {
    for (const event of [...EVENTS.answersTo(decide(SHAPE, before)), ...INTRUSIONS]) {
      const after = apply(SHAPE, before, event);
      const to = JSON.stringify(after);
      edges.push({ from, before, event, after, to });
      if (!states.has(to) && states.size < MAX_STATES) states.set(to, after);
    }
  }
  return { states, edges };
}

const { states, edges } = explore();

/** The first edge that breaks a rule, or undefined: comparing each with `expect` would take minutes. */
function firstBreach(isBroken: (edge: Edge) => boolean): Edge | undefined {
  return edges.find(isBroken);
}

const ENDS: readonly string[] = ['completed', 'compensated', 'cancelled'];

describe('the machine, searched exhaustively', () => {
  it('the search is no formality: it reaches thousands of states and every phase, and its end', () => {
    expect(states.size).toBeGreaterThan(1_000);
    expect(states.size).toBeLessThan(MAX_STATES);
    const phases = new Set([...states.values()].map(({ phase }) => phase));
    expect([...phases].sort()).toEqual(
      ['queued', 'running', 'compensating', 'stuck', ...ENDS].sort(),
    );
  });

  it('any order of outcomes, crashes, cancels, retries: money paid is never undone (I6)', () => {
    const isPaid = (state: SagaState) => state.steps[2]?.status === 'done';
    expect(
      firstBreach(
        ({ before, after }) =>
          isPaid(before) && (after.phase === 'compensating' || after.phase === 'compensated'),
      ),
    ).toBeUndefined();
  });

  it('a cancel after the pivot has begun: changes nothing (I6)', () => {
    expect(
      firstBreach(
        ({ before, event, after }) =>
          event.type === 'cancel-requested' && before.pivotBegun && after !== before,
      ),
    ).toBeUndefined();
  });

  it('any order: an end never changes (I9)', () => {
    expect(
      firstBreach(({ before, after }) => ENDS.includes(before.phase) && after !== before),
    ).toBeUndefined();
  });

  it('any order: once a saga goes back it never goes forward again (I9)', () => {
    const isGoingBack = ({ phase, stuckFrom }: SagaState) =>
      phase === 'compensating' || stuckFrom === 'compensating';
    expect(
      firstBreach(
        ({ before, after }) =>
          isGoingBack(before) && !isGoingBack(after) && after.phase !== 'compensated',
      ),
    ).toBeUndefined();
  });

  it('compensated: every step with a capture was undone, or never had an effect (I1)', () => {
    expect(
      firstBreach(
        ({ after }) =>
          after.phase === 'compensated' &&
          after.steps
            .slice(0, 2)
            .some(({ capture, status }) => capture !== null && status !== 'compensated'),
      ),
    ).toBeUndefined();
  });

  it('cancelled: no step has begun (I1)', () => {
    expect(
      firstBreach(
        ({ after }) =>
          after.phase === 'cancelled' && after.steps.some(({ status }) => status !== 'pending'),
      ),
    ).toBeUndefined();
  });

  it('a step runs only with its capture stored, so that its undo knows where to go', () => {
    expect(
      firstBreach(({ before }) => {
        const command = decide(SHAPE, before);
        const isUndoable = command.type === 'run' && command.step < 2;
        return isUndoable && before.steps[command.step]?.capture === null;
      }),
    ).toBeUndefined();
  });

  it('from every state an end or a person is in reach: none runs in circles for ever (I10)', () => {
    const cameFrom = new Map<string, Set<string>>();
    for (const { from, to } of edges) {
      cameFrom.set(to, (cameFrom.get(to) ?? new Set()).add(from));
    }
    const reached = new Set<string>();
    for (const [key, { phase }] of states) {
      if (phase === 'stuck' || ENDS.includes(phase)) reached.add(key);
    }
    for (const key of reached) for (const from of cameFrom.get(key) ?? []) reached.add(from);
    expect(reached.size).toBe(states.size);
  });

  it('a resumed saga observes the step it had begun before it runs it again', () => {
    expect(
      firstBreach(({ before, event, after }) => {
        if (event.type !== 'claimed' || before.phase !== 'running') return false;
        if (before.steps[before.cursor]?.status !== 'running') return false;
        if (after.phase !== 'running') return false;
        const fenced = apply(SHAPE, after, { type: 'effects-fenced' });
        const { type } = decide(SHAPE, fenced);
        return type !== 'observe' && type !== 'capture';
      }),
    ).toBeUndefined();
  });

  it('a saga that slept between two attempts: goes on with the next one, and no attempt is lost', () => {
    expect(
      firstBreach(({ before, event, after }) => {
        if (event.type !== 'claimed' || before.phase !== 'running') return false;
        const step = before.steps[before.cursor];
        if (step?.status !== 'waiting' || before.cancelRequested) return false;
        const fenced = apply(SHAPE, after, { type: 'effects-fenced' });
        const { type } = decide(SHAPE, fenced);
        const isKept = fenced.steps[before.cursor]?.attempts === step.attempts;
        return !isKept || (type !== 'begin' && type !== 'capture');
      }),
    ).toBeUndefined();
  });

  it('a step that waits: burns no attempt, keeps what it has, and is run again from there', () => {
    expect(
      firstBreach(({ before, event, after }) => {
        if (event.type !== 'postponed' || after.phase !== 'running') return false;
        const [was, is] = [before.steps[event.step], after.steps[event.step]];
        const isKept = is?.attempts === was?.attempts && is?.value === event.value;
        const begun = apply(SHAPE, after, { type: 'begun', step: event.step });
        const { type } = decide(SHAPE, begun);
        const isAgain = decide(SHAPE, after).type === 'begin' && type === 'run';
        return !isKept || !isAgain || begun.steps[event.step]?.attempts !== was?.attempts;
      }),
    ).toBeUndefined();
  });

  it('a step that waits when a cancel has come before the pivot: the saga goes back', () => {
    expect(
      firstBreach(
        ({ before, event, after }) =>
          event.type === 'postponed' &&
          before.cancelRequested &&
          !before.pivotBegun &&
          after.phase !== 'compensating' &&
          after.phase !== 'compensated',
      ),
    ).toBeUndefined();
  });

  it('a cancel that was accepted: no saga stands still on its way forward with it', () => {
    expect(
      firstBreach(
        ({ after: { phase, stuckFrom, cancelRequested } }) =>
          phase === 'stuck' && stuckFrom === 'running' && cancelRequested,
      ),
    ).toBeUndefined();
  });

  it('a nudge: ends the wait of a step that waits, and changes nothing else, a backoff least of all', () => {
    let woken = 0;
    expect(
      firstBreach(({ before, event, after }) => {
        if (event.type !== 'woken' || after === before) return false;
        woken += 1;
        const step = before.steps[before.cursor];
        const isWait = before.phase === 'running' && step?.status === 'waiting' && !step.error;
        const same = JSON.stringify({ ...before, notBeforeMs: null }) === JSON.stringify(after);
        return !isWait || !same || apply(SHAPE, after, event) !== after;
      }),
    ).toBeUndefined();
    expect(woken).toBeGreaterThan(10);
  });

  it('an attempt after a failure runs only once the log says that it has begun', () => {
    expect(
      firstBreach(
        ({ event, after }) =>
          event.type === 'failed' &&
          decide(SHAPE, after).type === 'run' &&
          after.cursor === event.step,
      ),
    ).toBeUndefined();
  });
});
