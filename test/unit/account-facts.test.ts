import { expect, test } from 'vitest';
import {
  type AccountFacts,
  createAccountFacts,
} from '../../src/infra/identities/firebase/account-facts.ts';

const GONE: AccountFacts = { status: 'gone' };

function setUp() {
  const asked: string[] = [];
  const time = { nowMs: 0 };
  const factsOf = createAccountFacts({
    lookUp: async (uid) => {
      asked.push(uid);
      return GONE;
    },
    nowMs: () => time.nowMs,
  });
  return { asked, time, factsOf };
}

test('an answer is kept for its time, each account by itself', async () => {
  const { asked, time, factsOf } = setUp();
  await Promise.all([factsOf('a'), factsOf('a'), factsOf('b')]);
  time.nowMs = 59_999;
  await factsOf('a');
  expect(asked).toEqual(['a', 'b']);
  time.nowMs = 60_000;
  await factsOf('a');
  expect(asked).toEqual(['a', 'b', 'a']);
});

test('more accounts than are kept: the oldest is asked for anew', async () => {
  const { asked, factsOf } = setUp();
  for (let n = 0; n <= 10_000; n += 1) await factsOf(`u${n}`);
  await factsOf('u10000');
  expect(asked).toHaveLength(10_001);
  await factsOf('u0');
  expect(asked).toHaveLength(10_002);
});
