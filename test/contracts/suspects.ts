// What every implementation of the Suspects port must do.

import { describe, expect, it } from 'vitest';
import { type InstanceId, toInstanceId, toUserId, type UserId } from '../../src/domain/ids.ts';
import type { NewSuspect, Suspects } from '../../src/sync/mongodb/suspects.ts';
import { BOT, INCARNATION } from '../support/users.ts';

const ANN = toUserId('00000000000000000000000a');
const BEN = toUserId('00000000000000000000000b');

function suspect(given: Partial<NewSuspect> = {}): NewSuspect {
  return {
    userId: ANN,
    instanceId: BOT,
    incarnationId: INCARNATION,
    value: 10.25,
    runId: 'run-1',
    ...given,
  };
}

export interface SuspectsUnderTest {
  readonly suspects: Suspects;
  /** Lets the given time pass for every suspect. */
  readonly pass: (ms: number) => Promise<void>;
}

export function describeSuspects(name: string, create: () => Promise<SuspectsUnderTest>): void {
  const setUp = async () => {
    const { suspects, pass } = await create();
    return { suspects: unfenced(suspects), pass };
  };
  const bot = (n: number) => toInstanceId(`a.b-bot-${n}`);

  describe(name, () => {
    it('marked again: the moment it was first seen stays, everything else is the newest', async () => {
      const { suspects, pass } = await setUp();
      await suspects.mark([suspect()]);
      await pass(60_000);
      const [before] = await suspects.ofUser(ANN);
      await suspects.mark([suspect({ value: 11, runId: 'run-2' })]);
      const [after, ...others] = await suspects.ofUser(ANN);
      expect(others).toEqual([]);
      expect(after).toEqual({
        ...suspect({ value: 11, runId: 'run-2' }),
        firstObservedAt: before?.firstObservedAt,
        lastObservedAt: expect.stringMatching(/Z$/),
      });
      expect(String(after?.lastObservedAt) > String(before?.lastObservedAt)).toBe(true);
    });

    it('another incarnation: another suspicion, from now', async () => {
      const { suspects, pass } = await setUp();
      await suspects.mark([suspect({ incarnationId: '2026-11-01T00:00:00.000Z' })]);
      await pass(60_000);
      await suspects.mark([suspect()]);
      const [found] = await suspects.ofUser(ANN);
      expect(found).toMatchObject({
        incarnationId: INCARNATION,
        firstObservedAt: found?.lastObservedAt,
      });
      expect((await suspects.summary(null)).oldestSeconds).toBeLessThan(60);
    });

    it('an incarnation that nobody read, before or after one that was: the same suspicion, the incarnation is kept', async () => {
      const { suspects, pass } = await setUp();
      await suspects.mark([suspect({ incarnationId: null })]);
      await pass(60_000);
      const [{ firstObservedAt } = { firstObservedAt: '' }] = await suspects.ofUser(ANN);
      for (const [incarnationId, kept] of [
        [null, null],
        [INCARNATION, INCARNATION],
        [null, INCARNATION],
      ] as const) {
        await suspects.mark([suspect({ incarnationId })]);
        expect(await suspects.ofUser(ANN)).toMatchObject([
          { incarnationId: kept, firstObservedAt },
        ]);
      }
      expect((await suspects.summary(null)).oldestSeconds).toBeGreaterThanOrEqual(60);
    });

    it('of a user, oldest first; of all, summed to the cent, without what is not money', async () => {
      const { suspects, pass } = await setUp();
      await suspects.mark([suspect({ instanceId: bot(2), value: 0.1 })]);
      await pass(3_600_000);
      await suspects.mark([
        suspect({ instanceId: bot(1), value: 0.2 }),
        suspect({ instanceId: bot(3), value: null }),
        suspect({ userId: BEN, value: 1105.005 }),
        suspect({ userId: BEN, instanceId: bot(9), value: Number.NaN }),
      ]);
      const ids = (await suspects.ofUser(ANN)).map(({ instanceId }) => instanceId);
      expect(ids).toEqual([bot(2), bot(1), bot(3)]);
      expect(await suspects.summary(ANN)).toMatchObject({ count: 3, valueMinor: 30 });
      const { oldestSeconds, ...all } = await suspects.summary(null);
      // 1105.305, half-even.
      expect(all).toEqual({ count: 5, valueMinor: 110_530 });
      expect(oldestSeconds).toBeGreaterThanOrEqual(3_600);
      expect(oldestSeconds).toBeLessThan(3_700);
      const nobody = toUserId('00000000000000000000000c');
      expect(await suspects.ofUser(nobody)).toEqual([]);
      expect(await suspects.summary(nobody)).toEqual({
        count: 0,
        valueMinor: 0,
        oldestSeconds: 0,
      });
    });

    it("cleared: those named, of that user alone, as often as one likes; then it's a new one", async () => {
      const { suspects, pass } = await setUp();
      const both = [suspect(), suspect({ instanceId: bot(1) }), suspect({ userId: BEN })];
      await suspects.mark(both);
      await pass(60_000);
      await suspects.clear(ANN, [BOT, bot(7)]);
      await suspects.clear(ANN, [BOT]);
      expect(await suspects.ofUser(ANN)).toMatchObject([{ instanceId: bot(1) }]);
      expect(await suspects.ofUser(BEN)).toHaveLength(1);
      await suspects.mark([suspect()]);
      const [, again] = await suspects.ofUser(ANN);
      expect(again).toMatchObject({ instanceId: BOT, firstObservedAt: again?.lastObservedAt });
    });

    it('not seen since an observation began: ended; seen by that observation or by another run since: kept', async () => {
      const { suspects, pass } = await setUp();
      await suspects.mark([suspect(), suspect({ instanceId: bot(1) })]);
      await pass(60_000);
      const [old] = await suspects.ofUser(ANN);
      const began = new Date(Date.parse(String(old?.lastObservedAt)) + 30_000);
      await suspects.mark([suspect({ runId: 'run-all' })]);
      await suspects.mark([suspect({ runId: 'run-of-ann' }), suspect({ instanceId: bot(2) })]);
      const run = { id: 'run-all', beganAt: began };
      await suspects.clearUnobserved(run);
      const left = (await suspects.ofUser(ANN)).map(({ instanceId }) => instanceId);
      expect(left.toSorted()).toEqual([bot(2), BOT].toSorted());
      await suspects.clearUnobserved(run);
      expect(await suspects.summary(null)).toMatchObject({ count: 2 });
    });

    it('seen by that observation itself, whose beginning was read from a clock that is ahead: kept', async () => {
      const { suspects } = await setUp();
      await suspects.mark([suspect({ runId: 'run-all' }), suspect({ instanceId: bot(1) })]);
      const beganAt = new Date(Date.now() + 3_600_000);
      await suspects.clearUnobserved({ id: 'run-all', beganAt });
      expect(await suspects.ofUser(ANN)).toMatchObject([{ instanceId: BOT }]);
    });

    it('a fence that refuses: nothing is marked or cleared (I5)', async () => {
      const { suspects: real } = await create();
      const suspects = unfenced(real);
      await suspects.mark([suspect()]);
      const before = await suspects.ofUser(ANN);
      const refuse = () => Promise.reject(new Error('fenced'));
      await expect(real.mark([suspect({ value: 2 })], refuse)).rejects.toThrow('fenced');
      await expect(real.clear(ANN, [BOT], refuse)).rejects.toThrow('fenced');
      const run = { id: 'run-all', beganAt: new Date(Date.now() + 3_600_000) };
      await expect(real.clearUnobserved(run, refuse)).rejects.toThrow('fenced');
      expect(await suspects.ofUser(ANN)).toEqual(before);
    });

    it('thousands, by two runs at once: each of them once; none: nothing happens', async () => {
      const { suspects } = await setUp();
      await suspects.mark([]);
      const many = Array.from({ length: 1_200 }, (_, n) =>
        suspect({ instanceId: bot(n), value: 1 }),
      );
      await Promise.all([suspects.mark(many), suspects.mark(many)]);
      expect(await suspects.summary(ANN)).toMatchObject({ count: 1_200, valueMinor: 120_000 });
    });
  });
}

/** The same for a worker that nobody has taken over. */
function unfenced(suspects: Suspects) {
  return {
    ...suspects,
    mark: (given: readonly NewSuspect[]) => suspects.mark(given, passes),
    clear: (userId: UserId, ids: readonly InstanceId[]) => suspects.clear(userId, ids, passes),
    clearUnobserved: (run: Parameters<Suspects['clearUnobserved']>[0]) =>
      suspects.clearUnobserved(run, passes),
  };
}

const passes = async () => undefined;
