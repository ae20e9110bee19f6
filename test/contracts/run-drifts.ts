// What every implementation of the RunDrifts port must do.

import { describe, expect, it } from 'vitest';
import { toSagaId } from '../../packages/saga/src/saga-id.ts';
import { toFirebaseUid, toInstanceId, toUserId } from '../../src/domain/ids.ts';
import type { DriftedUser, RunDrift, RunDrifts } from '../../src/sync/mongodb/run-drifts.ts';
import { allOfStream } from '../support/all-of-stream.ts';

const RUN = toSagaId('all-aaaaaaaaaaaaaaaa');
const OTHER_RUN = toSagaId('all-bbbbbbbbbbbbbbbb');
const CONFIRMS = toSagaId('syn-cccccccccccccccc');
const userId = (n: number) => toUserId(n.toString(16).padStart(24, '0'));

function drift(user: number, bot: string, given: Partial<RunDrift> = {}): RunDrift {
  return {
    userId: userId(user),
    firebaseUid: toFirebaseUid(`uid-${user}`),
    instanceId: toInstanceId(bot),
    verdict: 'orphan',
    poolState: 'no',
    docker: 'no',
    valueMinor: 110_500,
    ...given,
  };
}

export function describeRunDrifts(name: string, create: () => Promise<RunDrifts>): void {
  const setUp = async () => unfenced(await create());
  function all(drifts: Pick<RunDrifts, 'byUser'>, run = RUN): Promise<readonly DriftedUser[]> {
    const { signal } = new AbortController();
    return allOfStream(drifts.byUser(run, { signal }));
  }

  describe(name, () => {
    it('added: by user, each with all of theirs, as they were given; other runs are apart', async () => {
      const drifts = await setUp();
      const given = [
        drift(2, 'a.b-bot-1'),
        drift(1, 'constructor', { firebaseUid: null, valueMinor: null }),
        drift(2, 'a.b-bot-2', { verdict: 'stale-entry', poolState: 'yes', valueMinor: null }),
      ];
      await drifts.add(RUN, given);
      await drifts.add(OTHER_RUN, [drift(3, 'c-bot-1')]);
      await drifts.add(RUN, []);
      expect(await all(drifts)).toEqual([
        { userId: userId(1), firebaseUid: null, drifts: [given[1]], sagaId: null },
        {
          userId: userId(2),
          firebaseUid: 'uid-2',
          drifts: [given[0], given[2]],
          sagaId: null,
        },
      ]);
      expect(await all(drifts, OTHER_RUN)).toHaveLength(1);
    });

    it('the same bot added again: once, as it was first', async () => {
      const drifts = await setUp();
      await drifts.add(RUN, [drift(1, 'a-bot-1')]);
      await drifts.add(RUN, [drift(1, 'a-bot-1', { valueMinor: 5 }), drift(1, 'a-bot-2')]);
      const [user, ...others] = await all(drifts);
      expect(others).toEqual([]);
      expect(user?.drifts.map(({ valueMinor }) => valueMinor)).toEqual([110_500, 110_500]);
    });

    it('restarted: what an earlier attempt noted is forgotten, of this run alone', async () => {
      const drifts = await setUp();
      await drifts.add(RUN, [drift(1, 'a-bot-1')]);
      await drifts.add(OTHER_RUN, [drift(1, 'a-bot-1')]);
      await drifts.restart(RUN);
      await drifts.restart(RUN);
      expect(await all(drifts)).toEqual([]);
      expect(await all(drifts, OTHER_RUN)).toHaveLength(1);
    });

    it('assigned: the run that observes again is known for all drifts of a user, in this run alone', async () => {
      const drifts = await setUp();
      await drifts.add(RUN, [drift(1, 'a-bot-1'), drift(1, 'a-bot-2'), drift(2, 'b-bot-1')]);
      await drifts.add(OTHER_RUN, [drift(1, 'a-bot-1')]);
      await drifts.assign(RUN, new Map([[userId(1), CONFIRMS]]));
      await drifts.assign(RUN, new Map());
      expect((await all(drifts)).map(({ sagaId }) => sagaId)).toEqual([CONFIRMS, null]);
      expect((await all(drifts, OTHER_RUN)).map(({ sagaId }) => sagaId)).toEqual([null]);
    });

    it('hundreds of users, assigned while they are walked over: each once, in a stable order, nobody’s bots torn apart', async () => {
      const drifts = await setUp();
      const given = Array.from({ length: 350 }, (_, n) => [
        drift(n, `u${n}-bot-1`),
        drift(n, `u${n}-bot-2`),
      ]).flat();
      await drifts.add(RUN, given.toReversed());
      const { signal } = new AbortController();
      const observed: string[] = [];
      for await (const users of drifts.byUser(RUN, { signal })) {
        for (const user of users) {
          observed.push(user.userId);
          expect(user.drifts).toHaveLength(2);
        }
        await drifts.assign(RUN, new Map(users.map((user) => [user.userId, CONFIRMS])));
      }
      expect(observed).toEqual(Array.from({ length: 350 }, (_, n) => userId(n)));
      expect((await all(drifts)).every(({ sagaId }) => sagaId === CONFIRMS)).toBe(true);
    });

    it('a walk whose signal is aborted: ends with an error', async () => {
      const drifts = await setUp();
      await drifts.add(
        RUN,
        Array.from({ length: 250 }, (_, n) => drift(n, `u${n}-bot-1`)),
      );
      const stop = new AbortController();
      const walk = async () => {
        for await (const _users of drifts.byUser(RUN, { signal: stop.signal })) stop.abort();
      };
      await expect(walk()).rejects.toThrow();
    });

    it('a fence that refuses: nothing is forgotten, added or assigned (I5)', async () => {
      const real = await create();
      const drifts = unfenced(real);
      await drifts.add(RUN, [drift(1, 'a-bot-1')]);
      const before = await all(drifts);
      const refuse = () => Promise.reject(new Error('fenced'));
      await expect(real.restart(RUN, refuse)).rejects.toThrow('fenced');
      await expect(real.add(RUN, [drift(2, 'b-bot-1')], refuse)).rejects.toThrow('fenced');
      const runs = new Map([[userId(1), CONFIRMS]]);
      await expect(real.assign(RUN, runs, refuse)).rejects.toThrow('fenced');
      expect(await all(drifts)).toEqual(before);
    });

    it('a sample: the first of them, no more than asked for', async () => {
      const drifts = await setUp();
      await drifts.add(RUN, [drift(2, 'b-bot-1'), drift(1, 'a-bot-1'), drift(3, 'c-bot-1')]);
      const sample = await drifts.sample(RUN, 2);
      expect(sample).toEqual([drift(1, 'a-bot-1'), drift(2, 'b-bot-1')]);
      expect(await drifts.sample(OTHER_RUN, 2)).toEqual([]);
    });
  });
}

/** The same for a worker that nobody has taken over. */
function unfenced(drifts: RunDrifts) {
  return {
    ...drifts,
    restart: (run: Parameters<RunDrifts['restart']>[0]) => drifts.restart(run, passes),
    add: (run: Parameters<RunDrifts['add']>[0], found: readonly RunDrift[]) =>
      drifts.add(run, found, passes),
    assign: (run: Parameters<RunDrifts['assign']>[0], runs: Parameters<RunDrifts['assign']>[1]) =>
      drifts.assign(run, runs, passes),
  };
}

const passes = async () => undefined;
