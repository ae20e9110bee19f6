// What Redis is taken to say, and how often anybody hears of it.

import { describe, expect, it, onTestFinished } from 'vitest';
import { waitFor } from '../../../../test/support/wait-for.ts';
import { UnavailableError } from '../../src/errors.ts';
import { needsNewSocket, redisTrouble } from '../../src/queue/redis-trouble.ts';
import { createRedisWatch } from '../../src/queue/redis-watch.ts';

const READ_ONLY = new Error("READONLY You can't write against a read only replica.");
const FULL = new Error("OOM command not allowed when used memory > 'maxmemory'.");

describe('an error of Redis', () => {
  it.each([
    [READ_ONLY, 'read-only', true],
    [
      new Error('ERR Error running script (call to f_1): @user_script:7: -READONLY You cannot'),
      'read-only',
      true,
    ],
    [new Error('UNBLOCKED force unblock from blocking operation'), 'read-only', true],
    [new Error('LOADING Redis is loading the dataset in memory'), 'loading', true],
    [
      new Error("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."),
      'primary-away',
      true,
    ],
    [FULL, 'out-of-memory', false],
    [new Error('MISCONF Redis is configured to save RDB snapshots'), 'not-durable', false],
    [new Error('WRONGPASS invalid username-password pair'), 'access-refused', false],
    [Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }), 'unreachable', false],
    [new UnavailableError('REDIS_UNREACHABLE', 'no answer within 2000 ms'), 'unreachable', false],
    [
      new Error("Stream isn't writeable and enableOfflineQueue options is false"),
      'unreachable',
      false,
    ],
    [new Error('job stalled more than allowable limit'), null, false],
    ['READONLY', null, false],
  ])('%s: its trouble, and whether another socket may help', (error, trouble, isSocket) => {
    expect(redisTrouble(error)).toBe(trouble);
    if (error instanceof Error) expect(needsNewSocket(error)).toBe(isSocket);
  });
});

describe('the watch over Redis', () => {
  function setUp() {
    const persisted: string[] = [];
    let refusal: Error | null = null;
    let isAtItsEdge = false;
    let writes = 0;
    const watch = createRedisWatch({
      write: async () => {
        writes += 1;
        if (refusal !== null || (isAtItsEdge && writes % 3 === 0)) throw refusal ?? FULL;
      },
      onTrouble: (trouble) => void persisted.push(trouble),
      onOver: ({ troubles, failures }) => void persisted.push(`over ${troubles} ${failures > 100}`),
      everyMs: 1,
    });
    onTestFinished(() => watch.stop());
    const refuse = (error: Error | null) => {
      refusal = error;
    };
    const refuseEveryThird = () => {
      isAtItsEdge = true;
    };
    return { watch, persisted, refuse, refuseEveryThird, writes: () => writes };
  }

  it('hundreds of errors of one outage: one line when it begins, one for a further trouble, one when it is over', async () => {
    const { watch, persisted, refuse } = setUp();
    refuse(READ_ONLY);
    for (let n = 0; n < 200; n += 1) expect(watch.failed(READ_ONLY)).toBe(true);
    watch.start();
    for (let n = 0; n < 200; n += 1) watch.failed(n % 2 === 0 ? FULL : READ_ONLY);
    expect(persisted).toEqual(['read-only', 'out-of-memory']);
    refuse(null);
    await waitFor('the end', () => persisted.length === 3);
    expect(persisted[2]).toBe('over read-only,out-of-memory true');
  });

  it('a write that lands between two refusals: not over yet', async () => {
    const { watch, persisted, refuseEveryThird, writes } = setUp();
    refuseEveryThird();
    watch.failed(FULL);
    watch.start();
    await waitFor('many answers', () => writes() > 30);
    expect(persisted).toEqual(['out-of-memory']);
  });

  it('nothing is wrong: nothing is asked; an error of something else: not its business', async () => {
    const { watch, persisted, writes } = setUp();
    expect(watch.failed(new Error('a job failed'))).toBe(false);
    watch.start();
    await watch.ask();
    expect([writes(), persisted]).toEqual([1, []]);
  });
});
