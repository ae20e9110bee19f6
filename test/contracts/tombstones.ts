// What every implementation of the Tombstones port must do (I1, I5).

import { describe, expect, it } from 'vitest';
import { FencedError } from '../../packages/saga/src/errors.ts';
import { toSagaId } from '../../packages/saga/src/saga-id.ts';
import { toInstanceId, toUserId } from '../../src/domain/ids.ts';
import {
  NOTHING_OBSERVED,
  type OpenTombstone,
  type Tombstones,
} from '../../src/tombstones/tombstones.ts';
import { observedDedicated } from '../support/samples.ts';
import { BOT, incarnationOf, SAGA_A, SAGA_B } from '../support/users.ts';
import { waitFor } from '../support/wait-for.ts';

const USER = toUserId('00000000000000000000000a');

function command(given: Partial<OpenTombstone> = {}): OpenTombstone {
  return {
    incarnation: incarnationOf(USER),
    sagaId: SAGA_A,
    epoch: 1,
    firebaseUid: null,
    ...NOTHING_OBSERVED,
    slot: { poolId: 'p', containerName: 'c', slotIndex: 0, port: 9000 },
    hadAllocation: true,
    mayTakeOver: [],
    ...given,
  };
}

export interface TombstonesUnderTest {
  readonly tombstones: Tombstones;
  /** Lets the given time pass for every tombstone. */
  readonly pass: (ms: number) => Promise<void>;
}

export function describeTombstones(name: string, create: () => Promise<TombstonesUnderTest>): void {
  const due = { limit: 10, holdMs: 60_000 };
  const OBSERVED_BOT = observedDedicated({ labels: { instanceId: BOT } });

  describe(name, () => {
    it('opened, seen, settled, ended: each of them as often as one likes', async () => {
      const { tombstones } = await create();
      const target = command();
      const observed = { observedBots: [OBSERVED_BOT], observedInPart: true };
      expect(await tombstones.open(target)).toEqual({ status: 'opened' });
      expect(await tombstones.open(target)).toEqual({ status: 'opened' });
      await tombstones.recordObservedBots(target, observed);
      await tombstones.settle(target, { observedAtRest: true });
      await tombstones.settle(target);
      expect(await tombstones.open(target)).toEqual({ status: 'already-settled', sagaId: SAGA_A });
      await tombstones.end(target);
      await tombstones.end(target);
      await tombstones.settle(target);
      const { mayTakeOver: _, ...opened } = target;
      expect(await tombstones.findForBot(USER, BOT)).toEqual([
        {
          ...{ ...opened, status: 'ended', ...observed, attempts: 0, lastReason: null },
          ...{ observedAtRest: true, openedAt: expect.any(Date) },
        },
      ]);
      expect(await tombstones.findForBot(USER, toInstanceId('other'))).toEqual([]);
    });

    it('what was observed later is added, once, to what was observed before', async () => {
      const { tombstones } = await create();
      const target = command();
      const anew = observedDedicated({ containerId: 'anew' });
      const elsewhere = observedDedicated({ host: 'elsewhere' });
      await tombstones.open(target);
      for (const observedBots of [
        [OBSERVED_BOT],
        [OBSERVED_BOT, anew],
        [OBSERVED_BOT, elsewhere],
      ]) {
        await tombstones.recordObservedBots(target, { observedBots, observedInPart: false });
      }
      expect(await tombstones.findForBot(USER, BOT)).toMatchObject([
        { observedBots: [OBSERVED_BOT, anew, elsewhere] },
      ]);
    });

    it("the slots of a user's bots: held until gone was observed, and of nobody else", async () => {
      const { tombstones } = await create();
      const target = command();
      const other = toUserId('00000000000000000000000b');
      const slotless = { incarnation: incarnationOf(USER, toInstanceId('none')), slot: null };
      await tombstones.open(target);
      await tombstones.open(command({ incarnation: incarnationOf(other) }));
      await tombstones.open(command(slotless));
      const held = [{ instanceId: BOT, slot: target.slot }];
      expect(await tombstones.heldSlots(USER)).toEqual(held);
      await tombstones.settle(target);
      expect(await tombstones.heldSlots(USER)).toEqual(held);
      await tombstones.end(target);
      // The end need not be on a majority yet: until it is, the slot is held.
      await waitFor('the slot to be free', async () => {
        return (await tombstones.heldSlots(USER)).length === 0;
      });
    });

    it('opened by 20 sagas at once: one has it, the others learn who', async () => {
      const { tombstones } = await create();
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          tombstones.open(command({ sagaId: n % 2 ? SAGA_A : SAGA_B })),
        ),
      );
      const [{ sagaId } = { sagaId: undefined }] = await tombstones.findForBot(USER, BOT);
      expect(results.filter(({ status }) => status === 'opened')).toHaveLength(10);
      expect(results.filter(({ status }) => status === 'other-saga')).toHaveLength(10);
      expect(results).toContainEqual({ status: 'other-saga', sagaId });
    });

    it("another saga's: taken over only where it is listed and still closing", async () => {
      const { tombstones } = await create();
      await tombstones.open(command({ sagaId: SAGA_B, epoch: 7, hadAllocation: false }));
      expect(await tombstones.open(command())).toEqual({ status: 'other-saga', sagaId: SAGA_B });
      expect(await tombstones.open(command({ mayTakeOver: [SAGA_B] }))).toEqual({
        status: 'opened',
      });
      expect(await tombstones.findForBot(USER, BOT)).toMatchObject([
        { sagaId: SAGA_A, epoch: 1, hadAllocation: true },
      ]);
      await tombstones.settle(command());
      const late = command({ sagaId: SAGA_B, mayTakeOver: [SAGA_A] });
      expect(await tombstones.open(late)).toEqual({ status: 'already-settled', sagaId: SAGA_A });
      await expect(tombstones.settle(late)).rejects.toThrow(FencedError);
    });

    it('an older epoch: fenced in everything it tries', async () => {
      const { tombstones } = await create();
      await tombstones.open(command({ epoch: 1 }));
      await tombstones.open(command({ epoch: 3 }));
      const old = command({ epoch: 2 });
      await expect(tombstones.open(old)).rejects.toThrow(FencedError);
      await expect(tombstones.recordObservedBots(old, NOTHING_OBSERVED)).rejects.toThrow(
        FencedError,
      );
      await expect(tombstones.settle(old)).rejects.toThrow(FencedError);
      await expect(tombstones.withdraw(old)).rejects.toThrow(FencedError);
      await tombstones.settle(command({ epoch: 3 }));
      await expect(tombstones.end(old)).rejects.toThrow(FencedError);
      expect(await tombstones.findForBot(USER, BOT)).toMatchObject([
        { status: 'settled', epoch: 3, observedBots: null },
      ]);
    });

    it('withdrawn: gone; a settled one stays, whoever asks', async () => {
      const { tombstones } = await create();
      await tombstones.open(command());
      await tombstones.withdraw(command({ sagaId: toSagaId('del-cccccccccccccccc') }));
      expect(await tombstones.findForBot(USER, BOT)).toHaveLength(1);
      await tombstones.withdraw(command());
      await tombstones.withdraw(command());
      expect(await tombstones.findForBot(USER, BOT)).toEqual([]);
      await expect(tombstones.settle(command())).rejects.toMatchObject({
        code: 'TOMBSTONE_MISSING',
      });
      const next = command({ sagaId: SAGA_B });
      expect(await tombstones.open(next)).toEqual({ status: 'opened' });
      await tombstones.settle(next);
      await expect(tombstones.withdraw(next)).rejects.toMatchObject({ code: 'TOMBSTONE_STATUS' });
    });

    it('a worker comes back after its saga has withdrawn, opened or not: fenced', async () => {
      const { tombstones } = await create();
      await tombstones.withdraw(command({ epoch: 2 }));
      await expect(tombstones.open(command())).rejects.toThrow(FencedError);
      expect(await tombstones.findForBot(USER, BOT)).toEqual([]);
      expect(await tombstones.heldSlots(USER)).toEqual([]);
      await tombstones.open(command({ sagaId: SAGA_B }));
      await tombstones.withdraw(command({ sagaId: SAGA_B }));
      await expect(tombstones.open(command({ sagaId: SAGA_B }))).rejects.toThrow(FencedError);
    });

    it('a worker comes back after its saga has withdrawn, and another has come or gone since: fenced', async () => {
      const { tombstones } = await create();
      const next = command({ sagaId: SAGA_B });
      await tombstones.open(command());
      await tombstones.withdraw(command());
      await tombstones.open(next);
      const late = command({ mayTakeOver: [SAGA_B] });
      await expect(tombstones.open(late)).rejects.toThrow(FencedError);
      expect(await tombstones.findForBot(USER, BOT)).toMatchObject([{ sagaId: SAGA_B }]);
      await tombstones.withdraw(next);
      for (const gone of [late, next]) {
        await expect(tombstones.open(gone)).rejects.toThrow(FencedError);
      }
      // A release that is repeated late forbids nothing less.
      await tombstones.withdraw(command());
      await expect(tombstones.open(next)).rejects.toThrow(FencedError);
      expect(await tombstones.findForBot(USER, BOT)).toEqual([]);
    });

    it('a saga withdraws what another has taken over: that stays, and the saga opens none any more', async () => {
      const { tombstones } = await create();
      await tombstones.open(command());
      const next = command({ sagaId: SAGA_B, mayTakeOver: [SAGA_A] });
      await tombstones.open(next);
      await tombstones.withdraw(command());
      await tombstones.withdraw(next);
      await expect(tombstones.open(command())).rejects.toThrow(FencedError);
      expect(await tombstones.findForBot(USER, BOT)).toEqual([]);
    });

    it('closing is never due; settled is due when its saga has had its chance, for one janitor', async () => {
      const { tombstones, pass } = await create();
      await tombstones.open(command());
      expect(await tombstones.takeDue(due)).toEqual([]);
      await expect(tombstones.end(command())).rejects.toMatchObject({ code: 'TOMBSTONE_STATUS' });
      await tombstones.settle(command());
      expect(await tombstones.takeDue(due)).toEqual([]);
      await pass(3_000);
      const [first, second] = await Promise.all([tombstones.takeDue(due), tombstones.takeDue(due)]);
      expect(first.length + second.length).toBe(1);
      await pass(61_000);
      expect(await tombstones.takeDue(due)).toHaveLength(1);
    });

    it('not gone: observed again after 1 to 15 s, or at once when the host answers', async () => {
      const { tombstones, pass } = await create();
      await tombstones.open(command());
      await tombstones.settle(command());
      await pass(3_000);
      for (const waitMs of [1_000, 2_000, 4_000, 8_000, 15_000, 15_000]) {
        const [taken] = await tombstones.takeDue(due);
        if (taken === undefined) throw new Error(`nothing due before ${waitMs}`);
        await tombstones.recordCheck(taken, { gone: false, reason: 'the host is away' });
        await pass(waitMs - 900);
        expect(await tombstones.takeDue(due)).toEqual([]);
        await pass(900);
      }
      const [last] = await tombstones.takeDue(due);
      expect(last).toMatchObject({ attempts: 6, lastReason: 'the host is away' });
      if (last === undefined) throw new Error('nothing due');
      await tombstones.recordCheck(last, { gone: false, reason: 'still' });
      await tombstones.makeDue();
      expect(await tombstones.takeDue(due)).toHaveLength(1);
    });

    it('gone: observed again after 1 and 10 minutes, then never', async () => {
      const { tombstones, pass } = await create();
      await tombstones.open(command());
      await tombstones.settle(command());
      await pass(3_000);
      for (const waitMs of [60_000, 540_000]) {
        const [taken] = await tombstones.takeDue(due);
        if (taken === undefined) throw new Error(`nothing due before ${waitMs}`);
        await tombstones.recordCheck(taken, { gone: true, reason: null });
        await tombstones.makeDue();
        await pass(waitMs - 5_000);
        expect(await tombstones.takeDue(due)).toEqual([]);
        await pass(5_000);
      }
      const [last] = await tombstones.takeDue(due);
      if (last === undefined) throw new Error('nothing due');
      await tombstones.recordCheck(last, { gone: true, reason: null });
      await pass(100_000_000);
      expect(await tombstones.takeDue(due)).toEqual([]);
      expect(await tombstones.findForBot(USER, BOT)).toMatchObject([{ status: 'ended' }]);
    });

    it('the clock goes back by an hour: observed all the same, whoever held it before (I5)', async () => {
      const { tombstones, pass } = await create();
      await tombstones.open(command());
      await tombstones.settle(command());
      await pass(-3_600_000);
      const [first] = await tombstones.takeDue(due);
      if (first === undefined) throw new Error('nothing due');
      expect(await tombstones.takeDue(due)).toEqual([]);
      await pass(-3_600_000);
      const [taken] = await tombstones.takeDue(due);
      if (taken === undefined) throw new Error('still held');
      await tombstones.recordCheck(taken, { gone: true, reason: null });
      await pass(-3_600_000);
      const [again] = await tombstones.takeDue(due);
      if (again === undefined) throw new Error('nothing due after its end');
      await tombstones.recordCheck(again, { gone: true, reason: null });
      await pass(595_000);
      expect(await tombstones.takeDue(due)).toEqual([]);
      await pass(5_000);
      expect(await tombstones.takeDue(due)).toHaveLength(1);
    });

    it('back after its end: unfinished again, its slot no longer free', async () => {
      const { tombstones, pass } = await create();
      await tombstones.open(command());
      await tombstones.settle(command());
      await tombstones.end(command());
      expect(await tombstones.takeDue(due)).toEqual([]);
      await pass(60_000);
      const [taken] = await tombstones.takeDue(due);
      if (taken === undefined) throw new Error('nothing due');
      await tombstones.recordCheck(taken, { gone: false, reason: 'started again' });
      expect(await tombstones.findForBot(USER, BOT)).toMatchObject([{ status: 'settled' }]);
    });

    it('ended since a moment: told of that user and id; one that is not ended, or ended before, is not', async () => {
      const { tombstones } = await create();
      const ids = ['a-bot-1', 'a-bot-2', 'a-bot-3'].map(toInstanceId);
      const commands = ids.map((id) => command({ incarnation: incarnationOf(USER, id) }));
      for (const target of commands) {
        await tombstones.open(target);
        await tombstones.settle(target);
      }
      for (const target of commands.slice(0, 2)) await tombstones.end(target);
      const ask = async (at: Date, owners: readonly string[] = [USER]) => {
        const bots = [...ids, 'never'].map((instanceId) => ({ instanceId, owners, host: 'a', at }));
        const ended = await tombstones.endedAmong(bots);
        return new Set([...ended].map(({ instanceId }) => instanceId));
      };
      // An end need not be on a majority yet: for a moment the bot counts as not removed.
      const ended = await waitFor('both ends', async () => {
        const found = await ask(new Date(0));
        return found.size === 2 && found;
      });
      expect(ended).toEqual(new Set(ids.slice(0, 2)));
      expect(await ask(new Date(Date.now() + 60_000))).toEqual(new Set());
      expect(await tombstones.endedAmong([])).toEqual(new Set());
      expect(await ask(new Date(0), [USER, 'other'])).toEqual(new Set());
      const tooMany = Array.from({ length: 1_001 }, (_, n) => ({
        ...{ instanceId: `b-${n}`, owners: [], host: 'a', at: new Date(0) },
      }));
      await expect(tombstones.endedAmong(tooMany)).rejects.toThrow(RangeError);
    });
  });
}
