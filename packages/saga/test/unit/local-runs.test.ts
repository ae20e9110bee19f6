import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { inertPorts } from '../../../../test/fakes/inert-ports.ts';
import { createRegistry } from '../../src/registry.ts';
import { createLocalRuns, type Place } from '../../src/run/local-runs.ts';
import type { RunControl, RunOutcome } from '../../src/run/runner.ts';
import { type SagaId, toSagaId } from '../../src/saga-id.ts';
import { sagaOf, stepsOf } from '../support/saga-world.ts';
import { QUEUED, recordOf } from '../support/saga-writes.ts';

const CONTROL: RunControl = { signal: new AbortController().signal, isDraining: () => false };
const ID = toSagaId('saga-0000000000000001');
const CLAIM = { owner: 'o', leaseMs: 1_000, events: [] };
const REGISTERED = createRegistry([sagaOf([stepsOf(inertPorts()).undoable('a')])]).newest(
  'test-saga',
);

/** Local runs that end when the test says so. */
function openRuns({ isOpen = true, hasRoom = true } = {}) {
  const runs: (PromiseWithResolvers<RunOutcome> & { control: RunControl })[] = [];
  const seen = { woken: [] as SagaId[], errors: [] as unknown[], fromQueue: 0, givenUp: 0 };
  const local = createLocalRuns({
    isOpen: () => isOpen,
    onError: (error) => void seen.errors.push(error),
    wake: async ({ id }) => void seen.woken.push(id),
    runner: {
      run: async () => {
        seen.fromQueue += 1;
        return { status: 'at-rest', saga: null };
      },
      reserve: () => {
        if (!hasRoom) return null;
        return {
          claim: CLAIM,
          state: QUEUED,
          giveUp: () => {
            seen.givenUp += 1;
          },
          run: (_accepted, control) => {
            const run = { ...Promise.withResolvers<RunOutcome>(), control };
            runs.push(run);
            return run.promise;
          },
        };
      },
    },
  });
  return { local, runs, seen, reserve: () => local.reserve(REGISTERED, {}) };
}

function begin(place: Place | null): void {
  const saga = recordOf({ id: ID });
  place?.begin({ saga, claim: { sagaId: ID, epoch: 1, owner: 'o' }, sentAtMs: 0 });
}

const ENDED: RunOutcome = { status: 'at-rest', saga: recordOf({ id: ID, open: false }) };

it.each<[string, RunOutcome, boolean]>([
  ['has ended', ENDED, false],
  ['is another worker’s', { status: 'fenced' }, false],
  ['sleeps', { status: 'later', atMs: 7 }, true],
  ['is stuck', { status: 'at-rest', saga: recordOf({ id: ID }) }, true],
])(
  'the saga %s here: a wake-up is sent only where another run must follow',
  async (_how, outcome, isWoken) => {
    const { runs, seen, reserve } = openRuns();
    begin(reserve());
    runs[0]?.resolve(outcome);
    await setImmediate();
    expect(seen.woken).toEqual(isWoken ? [ID] : []);
    expect(seen.errors).toEqual([]);
  },
);

it('the run throws: reported, and a wake-up brings the saga back', async () => {
  const { runs, seen, reserve } = openRuns();
  begin(reserve());
  runs[0]?.reject(new Error('a bug'));
  await setImmediate();
  expect(seen).toMatchObject({ woken: [ID], errors: [{ message: 'a bug' }] });
});

it('a wake-up is taken while the saga runs here: one run, and the job gets its outcome', async () => {
  const { local, runs, seen, reserve } = openRuns();
  begin(reserve());
  const job = local.run(ID, CONTROL);
  runs[0]?.resolve({ status: 'later', atMs: 7 });
  expect(await job).toEqual({ status: 'later', atMs: 7 });
  expect(seen.fromQueue).toBe(0);
  await local.run(ID, CONTROL);
  expect(seen.fromQueue).toBe(1);
});

it.each([
  ['the queue is paused', { isOpen: false }],
  ['the worker has no room', { hasRoom: false }],
])('%s: no place', (_why, given) => {
  expect(openRuns(given).reserve()).toBeNull();
});

it('the worker stops: no place any more, what runs drains and is then interrupted', async () => {
  const { local, runs, seen, reserve } = openRuns();
  begin(reserve());
  const closed = local.close(0);
  expect(runs[0]?.control.isDraining()).toBe(true);
  expect(reserve()).toBeNull();
  runs[0]?.control.signal.addEventListener('abort', () => runs[0]?.reject(new Error('cut')));
  await closed;
  expect(seen).toMatchObject({ woken: [ID], errors: [{ message: 'cut' }] });
});

it('the worker stops in the middle of an acceptance: it waits until that has its answer', async () => {
  const { local, seen, reserve } = openRuns();
  const place = reserve();
  let isClosed = false;
  const closed = local.close(60_000).then(() => {
    isClosed = true;
  });
  await setImmediate();
  expect(isClosed).toBe(false);
  place?.giveUp();
  await closed;
  expect(seen.givenUp).toBe(1);
});
