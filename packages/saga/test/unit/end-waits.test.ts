import { pino } from 'pino';
import { expect, test } from 'vitest';
import { sagaIn } from '../../../../test/support/saga-in.ts';
import { createEndWaits } from '../../src/fastify/end-waits.ts';
import type { SagaRecord } from '../../src/log/record.ts';

const ALICE = 'alice';
const BOB = 'bob';
const LIMITS = { perProcess: 4, perCaller: 2 };

function setUp() {
  const saga = sagaIn('running');
  const ended = sagaIn('completed', { id: saga.id });
  const held: ((saga: SagaRecord) => void)[] = [];
  const waits = createEndWaits({ waitForEnd: () => new Promise((end) => held.push(end)) }, LIMITS);
  const clientGone = new AbortController().signal;
  const log = pino({ level: 'silent' });
  const wait = (caller: string) => waits.wait({ saga, seconds: 60, caller, clientGone, log });
  return { saga, ended, held, wait };
}

test('a caller that waits as often as it may: answered at once with the job as it is; another caller waits', async () => {
  const { saga, ended, held, wait } = setUp();
  const first = [wait(ALICE), wait(ALICE)];
  expect(await wait(ALICE)).toBe(saga);
  const other = wait(BOB);
  expect(held).toHaveLength(3);
  for (const end of held) end(ended);
  expect(await Promise.all([...first, other])).toEqual([ended, ended, ended]);
});

test('one that has waited gives its place back', async () => {
  const { ended, held, wait } = setUp();
  for (let round = 0; round < 5; round += 1) {
    const waiting = wait(ALICE);
    held.pop()?.(ended);
    expect(await waiting).toBe(ended);
  }
});

test('all callers together: no more than the process bears', async () => {
  const { saga, ended, held, wait } = setUp();
  const users = ['a', 'b', 'c', 'd'];
  const waiting = users.map((user) => wait(user));
  expect(await wait(ALICE)).toBe(saga);
  for (const end of held) end(ended);
  expect(await Promise.all(waiting)).toEqual(users.map(() => ended));
});
