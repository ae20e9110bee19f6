import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { SagaRecord } from '../../packages/saga/src/log/record.ts';
import { createEndWaits } from '../../src/api/end-waits.ts';
import { toFirebaseUid } from '../../src/domain/ids.ts';
import { sagaIn } from '../support/api.ts';

const ALICE = toFirebaseUid('alice');
const BOB = toFirebaseUid('bob');
const LIMITS = { perProcess: 4, perUser: 2 };

function setUp() {
  const saga = sagaIn('running');
  const ended = sagaIn('completed', { id: saga.id });
  const held: ((saga: SagaRecord) => void)[] = [];
  const waits = createEndWaits({ waitForEnd: () => new Promise((end) => held.push(end)) }, LIMITS);
  const clientGone = new AbortController().signal;
  const log = pino({ level: 'silent' });
  const wait = (user: typeof ALICE) => waits.wait({ saga, seconds: 60, user, clientGone, log });
  return { saga, ended, held, wait };
}

test('a user who waits as often as one may: answered at once with the job as it is; another user waits', async () => {
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

test('all users together: no more than the process bears', async () => {
  const { saga, ended, held, wait } = setUp();
  const users = ['a', 'b', 'c', 'd'].map(toFirebaseUid);
  const waiting = users.map(wait);
  expect(await wait(ALICE)).toBe(saga);
  for (const end of held) end(ended);
  expect(await Promise.all(waiting)).toEqual(users.map(() => ended));
});
