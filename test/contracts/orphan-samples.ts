// What every implementation of the OrphanSamples port must do.

import { describe, expect, it } from 'vitest';
import { toUserId } from '../../src/domain/ids.ts';
import type { OrphanSample, OrphanSamples } from '../../src/sync/mongodb/orphan-samples.ts';

const ANN = toUserId('00000000000000000000000a');
const BEN = toUserId('00000000000000000000000b');
const NOW = Date.now();
const EVER = new Date(0);

function sample(minutesAgo: number, given: Partial<OrphanSample> = {}): OrphanSample {
  return {
    runId: `run-${minutesAgo}`,
    userId: null,
    at: new Date(NOW - minutesAgo * 60_000).toISOString(),
    count: 2,
    valueMinor: 110_500,
    oldestSeconds: 90,
    repaired: 1,
    ...given,
  };
}

export function describeOrphanSamples(name: string, create: () => Promise<OrphanSamples>): void {
  describe(name, () => {
    it('written again, a minute or an hour later: one sample, the first', async () => {
      const samples = await create();
      const first = sample(90, { runId: 'run-a' });
      await samples.write(first);
      await samples.write(first);
      await samples.write(sample(30, { runId: 'run-a', count: 9 }));
      expect(await samples.history({ userId: null, since: EVER, limit: 10 })).toEqual([first]);
    });

    it('the same run of another user, another run of the same: samples of their own', async () => {
      const samples = await create();
      await samples.write(sample(1, { runId: 'run-a' }));
      await samples.write(sample(1, { runId: 'run-a', userId: ANN }));
      await samples.write(sample(1, { runId: 'run-b', userId: ANN }));
      const of = (userId: OrphanSample['userId']) =>
        samples.history({ userId, since: EVER, limit: 10 });
      expect(await of(null)).toHaveLength(1);
      expect((await of(ANN)).map(({ runId }) => runId).toSorted()).toEqual(['run-a', 'run-b']);
      expect(await of(BEN)).toEqual([]);
    });

    it('the newest first, since a moment, at most so many', async () => {
      const samples = await create();
      for (const minutes of [30, 10, 2_000, 20]) await samples.write(sample(minutes));
      const runs = async (since: Date, limit: number) =>
        (await samples.history({ userId: null, since, limit })).map(({ runId }) => runId);
      expect(await runs(EVER, 10)).toEqual(['run-10', 'run-20', 'run-30', 'run-2000']);
      expect(await runs(EVER, 2)).toEqual(['run-10', 'run-20']);
      expect(await runs(new Date(NOW - 25 * 60_000), 10)).toEqual(['run-10', 'run-20']);
      expect(await runs(new Date(NOW), 10)).toEqual([]);
    });
  });
}
