import { describe, expect, it } from 'vitest';
import { apply, decide, initialState, type SagaEvent } from '../../src/saga/machine.ts';
import type { SagaShape } from '../../src/saga/shape.ts';
import type { SagaState, StepFailure } from '../../src/saga/state.ts';

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

const AT = { atMs: 1, retryAtMs: 2 };

function failure(kind: StepFailure['class']): StepFailure {
  return { class: kind, code: 'X', message: 'x' };
}

/** Everything the world may answer to the command of this state. */
function possibleEvents(state: SagaState): SagaEvent[] {
  const command = decide(SHAPE, state);
  switch (command.type) {
    case 'rest':
      return [];
    case 'fence':
      return [{ type: 'effects-fenced' }];
    case 'capture-all':
      return [
        { type: 'captured-all', captures: ['c', 'c', null, null, null], atMs: 1 },
        { type: 'captured-all', captures: ['c', null, null, null, null], atMs: 1 },
        { type: 'captured-all', captures: [null, null, null, null, null], atMs: 1 },
      ];
    case 'capture':
      return [{ type: 'captured', step: command.step, capture: 'c' }, ...failures(command.step)];
    case 'run':
      return [
        { type: 'succeeded', step: command.step, value: null, warnings: [], atMs: 1 },
        ...failures(command.step),
      ];
    case 'observe':
    case 'abort': {
      const type = command.type === 'observe' ? 'observed' : 'aborted';
      const outcomes = [
        { outcome: 'landed' as const },
        { outcome: 'absent' as const },
        { outcome: 'unknown' as const, reason: '?' },
      ];
      return [
        ...outcomes.map((seen) => ({ type, step: command.step, seen, ...AT }) as const),
        ...failures(command.step).filter(
          (event) => event.type === 'failed' && event.failure.class !== 'terminal',
        ),
      ];
    }
    case 'compensate':
      return [
        { type: 'compensated', step: command.step, atMs: 1 },
        ...(['terminal', 'retryable', 'unavailable', 'in-doubt'] as const).map((kind) => ({
          type: 'compensation-failed' as const,
          step: command.step,
          failure: failure(kind),
          ...AT,
        })),
      ];
  }
}

function failures(step: number): SagaEvent[] {
  return (['terminal', 'hold', 'retryable', 'unavailable', 'in-doubt'] as const).map((kind) => ({
    type: 'failed',
    step,
    failure: failure(kind),
    ...AT,
  }));
}

/** What may come at any moment, besides. */
const INTRUSIONS: SagaEvent[] = [
  { type: 'cancel-requested', atMs: 1 },
  { type: 'claimed', resumed: true },
  { type: 'retry-ordered' },
];

function explore(check: (before: SagaState, event: SagaEvent, after: SagaState) => void) {
  const seen = new Map<string, SagaState>();
  const todo = [initialState(SHAPE)];
  for (let state = todo.pop(); state !== undefined; state = todo.pop()) {
    const key = JSON.stringify(state);
    if (seen.has(key)) continue;
    seen.set(key, state);
    for (const event of [...possibleEvents(state), ...INTRUSIONS]) {
      const after = apply(SHAPE, state, event);
      check(state, event, after);
      todo.push(after);
    }
  }
  return seen;
}

const ENDS = ['completed', 'compensated', 'cancelled'];

describe('the machine, searched exhaustively', () => {
  it('any order of outcomes, crashes and cancels: money paid is never followed by an undo (I6)', () => {
    const states = explore((before, event, after) => {
      const paid = before.steps[2]?.status === 'done';
      if (paid) {
        expect(after.phase).not.toBe('compensating');
        expect(after.phase).not.toBe('compensated');
      }
      if (event.type === 'cancel-requested' && before.pivotBegun) expect(after).toBe(before);
    });
    expect(states.size).toBeGreaterThan(500);
  });

  it('any order: an end never changes and a phase never goes back to an earlier one (I9)', () => {
    explore((before, _event, after) => {
      if (ENDS.includes(before.phase)) expect(after).toBe(before);
      if (before.phase === 'compensating' || before.stuckFrom === 'compensating') {
        expect(['compensating', 'compensated', 'stuck']).toContain(after.phase);
      }
      if (before.phase !== 'queued') expect(after.phase).not.toBe('queued');
    });
  });

  it('compensated: every step with a capture was undone, or never had an effect (I1)', () => {
    explore((_before, _event, after) => {
      if (after.phase !== 'compensated') return;
      for (const { capture, status } of after.steps.slice(0, 2)) {
        expect(capture === null || status === 'compensated').toBe(true);
      }
    });
  });

  it('cancelled: no step has begun (I1)', () => {
    explore((_before, _event, after) => {
      if (after.phase !== 'cancelled') return;
      expect(after.steps.every(({ status }) => status === 'pending')).toBe(true);
    });
  });

  it('a step runs only with its capture stored, so that its undo knows where to go', () => {
    explore((before) => {
      const command = decide(SHAPE, before);
      if (command.type !== 'run' || command.step > 1) return;
      expect(before.steps[command.step]?.capture).not.toBeNull();
    });
  });

  it('from every state an end or a person is in reach: no state runs in circles for ever (I10)', () => {
    const edges = new Map<string, Set<string>>();
    const states = explore((before, _event, after) => {
      const key = JSON.stringify(after);
      const from = edges.get(key) ?? new Set();
      edges.set(key, from.add(JSON.stringify(before)));
    });
    const good = [...states].filter(([, { phase }]) => [...ENDS, 'stuck'].includes(phase));
    const reached = new Set(good.map(([key]) => key));
    for (const key of reached) for (const from of edges.get(key) ?? []) reached.add(from);
    expect(reached.size).toBe(states.size);
  });

  it('a resumed saga observes the step it had begun before it runs it again', () => {
    explore((before, event, after) => {
      if (event.type !== 'claimed' || before.phase !== 'running') return;
      if (before.steps[before.cursor]?.status !== 'running' || after.phase !== 'running') return;
      const fenced = apply(SHAPE, after, { type: 'effects-fenced' });
      expect(['observe', 'capture']).toContain(decide(SHAPE, fenced).type);
    });
  });
});
