import { expect, it, onTestFinished, vi } from 'vitest';
import { inertPorts } from '../../../../test/fakes/inert-ports.ts';
import { FencedError, UnavailableError } from '../../src/errors.ts';
import type { CommitResult, LogWrite } from '../../src/log/saga-log.ts';
import type { SagaEvent } from '../../src/machine/events.ts';
import { apply } from '../../src/machine/machine.ts';
import type { SagaShape } from '../../src/machine/shape.ts';
import { initialState } from '../../src/machine/state.ts';
import { createRegistry } from '../../src/registry.ts';
import { createJournal, mustLandFirst, needsMajority } from '../../src/run/journal.ts';
import { sagaOf, stepsOf } from '../support/saga-world.ts';
import { recordOf } from '../support/saga-writes.ts';

const STEP = { attempts: 2, compensations: 2, canObserve: true, bestEffort: false } as const;
const SHAPE: SagaShape = {
  steps: [
    { ...STEP, name: 'lock', kind: 'compensatable' },
    { ...STEP, name: 'pay', kind: 'pivot' },
  ],
};
/** With a step behind the pivot, so that its end is not the saga's. */
const FOLLOWED: SagaShape = {
  steps: [...SHAPE.steps, { ...STEP, name: 'tell', kind: 'retriable' }],
};
const SUCCESS = { value: null, warnings: [], atMs: 1 };

it('the pivot is to be aborted: on a majority before it is, so that no log forgets it (I6)', () => {
  const paying = [
    { type: 'captured-all', captures: ['c', null], atMs: 1 } as const,
    { type: 'succeeded', step: 0, ...SUCCESS } as const,
  ].reduce((state, one) => apply(SHAPE, state, one), initialState(SHAPE));
  const failure = { class: 'terminal', code: 'NEVER', message: 'it cannot be' } as const;
  const event: SagaEvent = { type: 'failed', step: 1, failure, atMs: 2, retryAtMs: 2 };
  const change = { before: paying, event, after: apply(SHAPE, paying, event) };
  expect(change.after.steps[1]?.status).toBe('aborting');
  expect([mustLandFirst(change), needsMajority(SHAPE, change)]).toEqual([true, true]);
});

it('the pivot has ended: on a majority, so that no failover takes back that the money has moved (I6)', () => {
  const paying = [
    { type: 'captured-all', captures: ['c', null], atMs: 1 } as const,
    { type: 'succeeded', step: 0, ...SUCCESS } as const,
  ].reduce((state, one) => apply(FOLLOWED, state, one), initialState(FOLLOWED));
  const event: SagaEvent = { type: 'succeeded', step: 1, ...SUCCESS };
  const change = { before: paying, event, after: apply(FOLLOWED, paying, event) };
  expect(change.after).toMatchObject({ cursor: 2, phase: paying.phase });
  // It may be written late, because it can be observed.
  expect([mustLandFirst(change), needsMajority(FOLLOWED, change)]).toEqual([false, true]);
});

it.each([
  { when: 'a moment ago', laterMs: 99, databaseMs: 99, isProven: true },
  { when: 'longer ago', laterMs: 100, databaseMs: 100, isProven: false },
  {
    when: 'longer ago, and the database clock has gone back since',
    laterMs: 11_000,
    databaseMs: -1_000,
    isProven: false,
  },
  {
    when: 'longer ago, and the database clock has gone back by as much',
    laterMs: 5_020,
    databaseMs: 20,
    isProven: false,
  },
  { when: 'in the future of a clock that is none', laterMs: -1, databaseMs: 20, isProven: false },
])('a claim proven $when: a fence believes it: $isProven (I5)', (given) => {
  const SENT_MS = 1_000_000;
  let [nowMs, monotonicMs] = [SENT_MS, SENT_MS];
  const clock = { nowMs: () => nowMs, monotonicMs: () => monotonicMs };
  const registry = createRegistry([sagaOf([stepsOf(inertPorts()).undoable('a')])]);
  const registered = registry.find('test-saga', 1);
  if (registered === undefined) throw new Error('no such saga');
  const record = recordOf();
  const journal = createJournal(
    { log: inertPorts(), clock, random: () => 0, onTransition: () => undefined },
    registered,
    { sagaId: record.id, epoch: 1, owner: 'o' },
    new AbortController().signal,
    { record, sentAtMs: SENT_MS },
  );
  nowMs += given.databaseMs;
  monotonicMs += given.laterMs;
  expect(journal.isProven()).toBe(given.isProven);
});

/** A claim that was proved at 0, a clock that the test sets, and what was written.
 * @param answer what the log says to a write; default: it has landed. */
function openJournal(answer?: (write: LogWrite) => Promise<CommitResult>) {
  let monotonicMs = 0;
  const steps = stepsOf(inertPorts());
  const writes: Pick<LogWrite, 'durability' | 'events'>[] = [];
  const shown: string[] = [];
  const all = [...[...'abc'].map((name) => steps.undoable(name)), steps.pivot('pay')];
  const registered = createRegistry([sagaOf(all)]).find('test-saga', 1);
  if (registered === undefined) throw new Error('no such saga');
  const captured = { type: 'captured-all', captures: ['a', 'b', 'c', null], atMs: 1 } as const;
  const state = apply(registered.shape, initialState(registered.shape), captured);
  const record = recordOf({ state });
  const journal = createJournal(
    {
      log: {
        commit: async (write) => {
          writes.push(write);
          return answer?.(write) ?? landed(write);
        },
      },
      clock: { nowMs: () => monotonicMs, monotonicMs: () => monotonicMs },
      random: () => 0,
      onTransition: ({ event }) => shown.push(event.type),
    },
    registered,
    { sagaId: record.id, epoch: 1, owner: 'o' },
    new AbortController().signal,
    { record, sentAtMs: 0 },
  );
  onTestFinished(() => journal.close());
  const at = (ms: number) => {
    monotonicMs = ms;
  };
  return { journal, writes, shown, at };
}

/** Until the test has ended. */
function useFakeTime(): void {
  vi.useFakeTimers();
  onTestFinished(() => {
    vi.useRealTimers();
  });
}

function landed({ base, state }: LogWrite): CommitResult {
  return { status: 'landed', saga: { ...base, state } };
}

it('a step has ended: shown to no watcher before the log has it, and to none where it never has (I9)', async () => {
  const { journal, shown } = openJournal();
  await journal.record({ type: 'succeeded', step: 0, ...SUCCESS });
  expect(shown).toEqual([]);
  await journal.flush();
  expect(shown).toEqual(['succeeded']);
  const fenced = openJournal(async () => ({ status: 'fenced' }));
  await fenced.journal.record({ type: 'succeeded', step: 0, ...SUCCESS });
  await expect(fenced.journal.flush()).rejects.toThrow(FencedError);
  expect(fenced.shown).toEqual([]);
});

it('the pivot comes next: its intent is on a majority before it begins (I6)', async () => {
  const { journal, writes } = openJournal();
  for (const step of [0, 1]) await journal.record({ type: 'succeeded', step, ...SUCCESS });
  expect(writes).toEqual([]);
  await journal.record({ type: 'succeeded', step: 2, ...SUCCESS });
  expect(journal.view().state.pivotBegun).toBe(true);
  expect(writes).toMatchObject([{ durability: 'majority' }]);
});

it('a proof is asked for while a step is unwritten: its write is the proof (I5)', async () => {
  const { journal, writes, at } = openJournal();
  await journal.record({ type: 'succeeded', step: 0, ...SUCCESS });
  expect(writes).toEqual([]);
  at(150);
  expect(journal.isProven()).toBe(false);
  expect(await journal.proveByWriting()).toBe(true);
  expect(journal.isProven()).toBe(true);
  expect(writes).toMatchObject([{ durability: 'majority', events: [{ type: 'succeeded' }] }]);
});

it('a proof is asked for and nothing is unwritten: it must be asked of the log (I5)', async () => {
  const { journal, writes } = openJournal();
  expect(await journal.proveByWriting()).toBe(false);
  expect(writes).toEqual([]);
});

it('a proof is asked for while a step is unwritten, and its write takes a second: it proves how it was (I5)', async () => {
  const { journal, at } = openJournal(async (write) => {
    at(1_150);
    return landed(write);
  });
  await journal.record({ type: 'succeeded', step: 0, ...SUCCESS });
  at(150);
  expect(await journal.proveByWriting()).toBe(false);
  expect(journal.isProven()).toBe(false);
});

it('a proof is asked for while a step is unwritten, and the log does not answer: not waited for longer than a second (I5)', async () => {
  useFakeTime();
  const answer = Promise.withResolvers<CommitResult>();
  const { journal } = openJournal(() => answer.promise);
  await journal.record({ type: 'succeeded', step: 0, ...SUCCESS });
  const proof = journal.proveByWriting();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await proof).toBe(false);
  answer.resolve({ status: 'fenced' });
});

it('a proof is asked for while a step is unwritten, and another worker has claimed the saga: fenced (I5)', async () => {
  const { journal } = openJournal(async () => ({ status: 'fenced' }));
  await journal.record({ type: 'succeeded', step: 0, ...SUCCESS });
  await expect(journal.proveByWriting()).rejects.toBeInstanceOf(FencedError);
});

it('the answer of a write is lost, and it is found in the log a minute later: it proves no more than it did then (I5)', async () => {
  useFakeTime();
  let isFirst = true;
  const { journal, writes, at } = openJournal(async (write) => {
    if (!isFirst) return landed(write);
    isFirst = false;
    at(60_000);
    throw new UnavailableError('AWAY', 'no answer');
  });
  at(500);
  const recorded = journal.record({ type: 'succeeded', step: 0, ...SUCCESS });
  await vi.runAllTimersAsync();
  await recorded;
  expect(writes).toHaveLength(2);
  expect(writes[1]).toEqual(writes[0]);
  expect(journal.isProven()).toBe(false);
});

it('a cancel comes before the write that was to prove the claim: the write that lands after it proves it (I5, I6)', async () => {
  let isFirst = true;
  const { journal, writes } = openJournal(async (write) => {
    if (!isFirst) return landed(write);
    isFirst = false;
    const state = { ...write.base.state, cancelRequested: true };
    return { status: 'conflict', saga: { ...write.base, writeId: 'of-a-cancel', state } };
  });
  await journal.record({ type: 'succeeded', step: 0, ...SUCCESS });
  expect(await journal.proveByWriting()).toBe(true);
  expect(writes.map(({ durability }) => durability)).toEqual(['majority', 'majority']);
  expect(journal.view().state.cancelRequested).toBe(true);
});

it('the next step takes its time: the end of the last one is written alone after 200 ms, not before', async () => {
  useFakeTime();
  const { journal, writes } = openJournal();
  await journal.record({ type: 'succeeded', step: 0, ...SUCCESS });
  await vi.advanceTimersByTimeAsync(199);
  expect(writes).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(writes).toMatchObject([{ durability: 'primary', events: [{ type: 'succeeded' }] }]);
});

it('a step is done and the claim was proved long ago: its write proves it for the next one (I5)', async () => {
  const { journal, writes, at } = openJournal();
  at(500);
  await journal.record({ type: 'succeeded', step: 0, ...SUCCESS });
  expect(writes).toMatchObject([{ durability: 'majority' }]);
  expect(journal.isProven()).toBe(true);
});

it('a step is done and the claim was proved a moment ago: the next one begins before it is written', async () => {
  const { journal, writes, at } = openJournal();
  at(499);
  await journal.record({ type: 'succeeded', step: 0, ...SUCCESS });
  expect(writes).toEqual([]);
});
