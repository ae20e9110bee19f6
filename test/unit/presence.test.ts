// The presence matrix, row by row as the design has it, and over all combinations: nothing but a positive "no" of
// both other sources makes an orphan (I4).

import { describe, expect, it } from 'vitest';
import {
  judgePresence,
  type Presence,
  type PresenceAnswer,
  type Verdict,
} from '../../src/domain/presence.ts';

type Row = readonly [
  hasAllocation: boolean,
  poolState: PresenceAnswer,
  docker: PresenceAnswer,
  verdict: Verdict,
];

/** Pooled bots; of dedicated ones only a row with Docker's yes can differ. */
const MATRIX: readonly Row[] = [
  [true, 'yes', 'yes', 'live'],
  [true, 'yes', 'no', 'orphan'],
  [true, 'yes', 'unknown', 'unknown'],
  [true, 'no', 'yes', 'lost-entry'],
  [true, 'no', 'no', 'orphan'],
  [true, 'no', 'unknown', 'unknown'],
  [true, 'unknown', 'yes', 'live'],
  [true, 'unknown', 'no', 'unknown'],
  [true, 'unknown', 'unknown', 'unknown'],
  [false, 'yes', 'yes', 'ghost'],
  [false, 'yes', 'no', 'stale-entry'],
  [false, 'yes', 'unknown', 'unknown'],
  [false, 'no', 'yes', 'ghost'],
  [false, 'no', 'no', 'nothing'],
  [false, 'no', 'unknown', 'unknown'],
  [false, 'unknown', 'yes', 'ghost'],
  [false, 'unknown', 'no', 'unknown'],
  [false, 'unknown', 'unknown', 'unknown'],
];

const presence = ([hasAllocation, poolState, docker]: Row, isDedicated: boolean): Presence => {
  return { hasAllocation, poolState, docker, isDedicated };
};

describe('the presence matrix', () => {
  it.each(MATRIX)('allocation %s, pool state %s, Docker %s: %s', (...row) => {
    expect(judgePresence(presence(row, false))).toBe(row[3]);
  });

  it.each(MATRIX)(
    'dedicated; allocation %s, pool state %s, Docker %s: no entry is missed',
    (...row) => {
      const expected = row[3] === 'lost-entry' ? 'live' : row[3];
      expect(judgePresence(presence(row, true))).toBe(expected);
    },
  );

  it('all combinations are there', () => {
    expect(new Set(MATRIX.map((row) => row.slice(0, 3).join())).size).toBe(2 * 3 * 3);
  });
});
