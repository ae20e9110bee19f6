// An order ends a saga, and the process dies before what the saga held is released: the relay makes up for it (I10).

import { expect, it } from 'vitest';
import type { StepCall } from '../../src/definition.ts';
import { HoldError, UnavailableError } from '../../src/errors.ts';
import { FIRST_RELEASE_PASS_MS } from '../../src/log/saga-log.ts';
import { releaseOwed } from '../../src/queue/release-relay.ts';
import { createTestEngine, setUpEngine, type TestEngine } from '../support/saga-engine.ts';
import { sagaOf, stepsOf } from '../support/saga-world.ts';

const stand = async () => {
  throw new HoldError('STANDS', 'a person decides');
};

/** Ended by an operator, whose release comes to this. */
async function endedWith(release: (call: StepCall) => Promise<void>) {
  const { engine, another, world } = await setUpEngine((make) =>
    sagaOf([make.undoable('a'), make.undoable('b', { run: stand })], {
      release,
      releases: () => ['releases a'],
      atRisk: () => 7,
    }),
  );
  const id = await engine.start();
  expect((await engine.runToRest(id)).state.phase).toBe('stuck');
  const order = { verb: 'resolve', outcome: 'compensated', by: 'ann', reason: 'seen to' } as const;
  expect(await engine.sagas.order(id, order)).toMatchObject({ status: 'ordered' });
  return { engine, another, world };
}

async function relay(engine: TestEngine): Promise<unknown[]> {
  const errors: unknown[] = [];
  const onError = (error: unknown) => void errors.push(error);
  await releaseOwed({ ...engine, onError }, new AbortController().signal);
  return errors;
}

it('it fails twice: tried again by other processes, minutes apart, until it is done, and then no more', async () => {
  const calls: number[] = [];
  const { engine, another } = await endedWith(async ({ epoch }) => {
    calls.push(epoch);
    if (calls.length < 3) throw new UnavailableError('AWAY', 'nobody answers');
  });
  expect(calls).toHaveLength(1);
  const other = await another();
  expect(await relay(other)).toEqual([]);
  expect(calls).toHaveLength(1);
  await engine.pass(FIRST_RELEASE_PASS_MS + 1_000);
  expect(await relay(other)).toMatchObject([{ code: 'AWAY' }]);
  expect(await relay(engine)).toEqual([]);
  await engine.pass(61_000);
  expect(await relay(other)).toEqual([]);
  expect(calls).toEqual([1, 1, 1]);
  await engine.pass(3_600_000);
  expect(await relay(other)).toEqual([]);
  expect(calls).toHaveLength(3);
});

it('it is done at once, or cannot be done by repeating it: never tried again', async () => {
  for (const release of [async () => undefined, stand]) {
    let calls = 0;
    const { engine } = await endedWith(async () => {
      calls += 1;
      await release();
    });
    await engine.pass(3_600_000);
    expect(await relay(engine)).toEqual([]);
    expect(calls).toBe(1);
  }
});

it('a process of a release that does not know its version comes first: it leaves it to one that does', async () => {
  let isAway = true;
  const { engine, world } = await endedWith(async () => {
    if (isAway) throw new UnavailableError('AWAY', 'nobody answers');
  });
  const next = { ...sagaOf([stepsOf(world).undoable('a')]), version: 2 };
  const newer = await createTestEngine({ definitions: [next], db: engine.db });
  await engine.pass(FIRST_RELEASE_PASS_MS + 1_000);
  isAway = false;
  const owed = () => engine.db.collection('sagas').countDocuments({ releaseAt: { $type: 'date' } });
  expect(await relay(newer)).toEqual([]);
  expect(await owed()).toBe(1);
  expect(await relay(engine)).toEqual([]);
  expect(await owed()).toBe(0);
});
