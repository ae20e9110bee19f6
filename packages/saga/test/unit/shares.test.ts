import { describe, expect, it } from 'vitest';
import { createShares, type Shares } from '../../src/run/shares.ts';
import { toSagaId } from '../../src/saga-id.ts';

const saga = (key: string, n: number) => ({
  id: toSagaId(`tst-${key}${String(n).padStart(12, '0')}`),
  kind: 'test-saga',
});

/** @returns how many of so many found room. */
function enterMany(shares: Shares, key: string, count: number): number {
  let entered = 0;
  for (let n = 0; n < count; n += 1) if (shares.enter(key, saga(key, n))) entered += 1;
  return entered;
}

describe('shares of 30 slots', () => {
  it('one key alone: two thirds, and the rest is parked', () => {
    const shares = createShares(30);
    expect(enterMany(shares, 'a', 100)).toBe(20);
    expect(shares.parked).toBe(80);
  });

  it('another comes: it has room at once, and so has a third', () => {
    const shares = createShares(30);
    enterMany(shares, 'a', 100);
    expect(enterMany(shares, 'b', 100)).toBeGreaterThanOrEqual(6);
    expect(enterMany(shares, 'c', 100)).toBeGreaterThanOrEqual(1);
  });

  it('of no key: always room', () => {
    const shares = createShares(2);
    for (let n = 0; n < 5; n += 1) expect(shares.enter(null, saga('x', n))).toBe(true);
  });

  it('one slot alone: one saga at a time', () => {
    const shares = createShares(1);
    expect(enterMany(shares, 'a', 3)).toBe(1);
    expect(shares.leave('a')).toHaveLength(1);
    expect(shares.parked).toBe(1);
  });

  it('a slot comes back: those that waited longest are woken, of the key with the fewest running', () => {
    const shares = createShares(3);
    expect(enterMany(shares, 'a', 4)).toBe(2);
    expect(enterMany(shares, 'b', 2)).toBe(1);
    expect(shares.leave('b').map(({ id }) => id)).toEqual([saga('b', 1).id]);
    const woken = shares.leave('a').map(({ id }) => id);
    expect(woken).toEqual([saga('a', 2).id, saga('a', 3).id]);
    // Both that wait have room: `b` came first, and `c` has nothing that runs.
    const six = createShares(6);
    expect(['a', 'b', 'c'].map((key) => enterMany(six, key, 5))).toEqual([4, 2, 0]);
    expect(six.leave('b').map(({ id }) => id)).toEqual([saga('c', 0).id]);
  });

  it('all are let in, in the end, however many come', () => {
    const shares = createShares(5);
    const ran = new Set<string>();
    let running = 0;
    const start = (one: ReturnType<typeof saga>) => {
      if (!shares.enter('a', one)) return;
      ran.add(one.id);
      running += 1;
    };
    for (let n = 0; n < 200; n += 1) start(saga('a', n));
    while (running > 0) {
      running -= 1;
      for (const one of shares.leave('a')) start({ ...one });
    }
    expect(ran.size).toBe(200);
    expect(shares.parked).toBe(0);
  });

  it('one that is parked twice: counted, and woken, once', () => {
    const shares = createShares(1);
    shares.enter('a', saga('a', 0));
    for (let n = 0; n < 3; n += 1) shares.enter('a', saga('a', 1));
    expect(shares.parked).toBe(1);
    expect(shares.leave('a')).toHaveLength(1);
  });
});
