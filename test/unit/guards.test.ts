// The guards of a run over all users, at their edges.

import { describe, expect, it } from 'vitest';
import { judgeRun } from '../../src/sync/sync-all.ts';

const MAX = 100;

describe('the guards', () => {
  it.each([
    ['nobody has anything', 0, 0, 0, null],
    ['allocations, and Docker shows no bot at all', 1, 0, 0, 'no-containers'],
    ['the same, though nothing is an orphan (all is unknown)', 500, 0, 0, 'no-containers'],
    ['containers without allocations', 0, 0, 7, null],
    ['as many orphans as may be', 1_000, MAX, 1, null],
    ['one orphan more', 1_000, MAX + 1, 1, 'too-many-refunds'],
    ['exactly a fifth', 60, 12, 1, null],
    ['more than a fifth', 59, 12, 1, 'too-large-a-share'],
    ['a handful, though it is everything', 10, 10, 1, null],
    ['one more than a handful', 11, 11, 1, 'too-large-a-share'],
    ['a share says nothing of a handful', 11, 10, 1, null],
  ])(
    '%s: %i allocations, %i orphans, %i containers',
    (_, allocations, orphans, containers, guard) => {
      expect(judgeRun({ allocations, orphans, containers }, MAX)).toBe(guard);
    },
  );

  it('a limit below the handful: it holds all the same', () => {
    const judged = { allocations: 100, orphans: 2, containers: 1 };
    expect(judgeRun(judged, 1)).toBe('too-many-refunds');
  });
});
