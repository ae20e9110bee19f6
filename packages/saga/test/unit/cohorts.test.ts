import { describe, expect, it } from 'vitest';
import { waitFor } from '../../../../test/support/wait-for.ts';
import { createCohorts } from '../../src/run/cohorts.ts';

const LONG_MS = 60_000;

/** Enters n times; tells how many have been let in. */
function enter(cohorts: ReturnType<typeof createCohorts>, n: number) {
  const begun = { count: 0 };
  for (let i = 0; i < n; i += 1) {
    void cohorts.enter().then(() => {
      begun.count += 1;
    });
  }
  return begun;
}

describe('cohorts', () => {
  it('a worker with little to do: everybody begins at once', async () => {
    const cohorts = createCohorts({ busyFrom: 3, size: 10, lingerMs: LONG_MS });
    const begun = enter(cohorts, 3);
    await waitFor('all three', () => begun.count === 3);
  });

  it('a busy one: newcomers wait until so many are together, and begin together', async () => {
    const cohorts = createCohorts({ busyFrom: 1, size: 4, lingerMs: LONG_MS });
    const first = enter(cohorts, 1);
    const begun = enter(cohorts, 3);
    await waitFor('the first', () => first.count === 1);
    expect(begun.count).toBe(0);
    const last = enter(cohorts, 1);
    await waitFor('the cohort', () => begun.count === 3 && last.count === 1);
  });

  it('too few for a cohort: they begin when they have waited long enough', async () => {
    const cohorts = createCohorts({ busyFrom: 1, size: 100, lingerMs: 10 });
    enter(cohorts, 1);
    const begun = enter(cohorts, 2);
    await waitFor('the two', () => begun.count === 2);
  });

  it('the last of those under way ends: the newcomers have nobody left to wait for', async () => {
    const cohorts = createCohorts({ busyFrom: 1, size: 100, lingerMs: LONG_MS });
    enter(cohorts, 1);
    const begun = enter(cohorts, 2);
    cohorts.leave();
    await waitFor('the two', () => begun.count === 2);
  });
});
