import fc from 'fast-check';
import { expect, it } from 'vitest';
import { backoffMs, outageDelayMs } from '../../src/run/backoff.ts';

const POLICY = { attempts: 10, baseMs: 100, capMs: 3_000 };

it('attempts in a row: the ceiling doubles up to the cap', () => {
  const ceilings = [1, 2, 3, 4, 5, 6, 7, 1_000_000].map((n) => backoffMs(POLICY, n, 1));
  expect(ceilings).toEqual([100, 200, 400, 800, 1_600, 3_000, 3_000, 3_000]);
});

it('any policy, attempt and chance: a whole number between nothing and the cap', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 100_000 }),
      fc.integer({ min: 0, max: 100_000 }),
      fc.integer({ min: 1, max: 100_000 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (baseMs, capMs, attempt, random) => {
        const ms = backoffMs({ attempts: 1, baseMs, capMs }, attempt, random);
        expect(Number.isInteger(ms) && ms >= 0 && ms <= capMs).toBe(true);
      },
    ),
  );
});

it('an outage: probed about every second, never in a tight loop', () => {
  expect([0, 0.5, 0.999].map(outageDelayMs)).toEqual([500, 1_000, 1_499]);
});
