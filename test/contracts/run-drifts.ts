// What every implementation of the RunDrifts port must do.

import { describe, expect, it } from 'vitest';
import { toSagaId } from '../../packages/saga/src/saga-id.ts';
import { toFirebaseUid, toInstanceId, toUserId } from '../../src/domain/ids.ts';
import type { DriftedUser, RunDrift, RunDrifts } from '../../src/sync/mongodb/run-drifts.ts';
import { allOfStream } from '../support/all-of-stream.ts';

const LIST = 'all-aaaaaaaaaaaaaaaa/1';
const OTHER_LIST = 'all-aaaaaaaaaaaaaaaa/2';
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
  function all(drifts: Pick<RunDrifts, 'byUser'>, list = LIST): Promise<readonly DriftedUser[]> {
    const { signal } = new AbortController();
    return allOfStream(drifts.byUser(list, { signal }));
  }

  describe(name, () => {
    it('added: by user, each with all of theirs, as they were given; other lists are apart', async () => {
      const drifts = await setUp();
      const given = [
        drift(2, 'a.b-bot-1'),
        drift(1, 'constructor', { firebaseUid: null, valueMinor: null }),
        drift(2, 'a.b-bot-2', { verdict: 'stale-entry', poolState: 'yes', valueMinor: null }),
      ];
      await drifts.add(LIST, given);
      await drifts.add(OTHER_LIST, [drift(3, 'c-bot-1')]);
      await drifts.add(LIST, []);
      expect(await all(drifts)).toEqual([
        { userId: userId(1), firebaseUid: null, drifts: [given[1]], sagaId: null },
        {
          userId: userId(2),
          firebaseUid: 'uid-2',
          drifts: [given[0], given[2]],
          sagaId: null,
        },
      ]);
      expect(await all(drifts, OTHER_LIST)).toHaveLength(1);
    });

    it('the same bot added again: once, as it was first', async () => {
      const drifts = await setUp();
      await drifts.add(LIST, [drift(1, 'a-bot-1')]);
      await drifts.add(LIST, [drift(1, 'a-bot-1', { valueMinor: 5 }), drift(1, 'a-bot-2')]);
      const [user, ...others] = await all(drifts);
      expect(others).toEqual([]);
      expect(user?.drifts.map(({ valueMinor }) => valueMinor)).toEqual([110_500, 110_500]);
    });

    it('assigned: the run that observes again is known for all drifts of a user, in this list alone', async () => {
      const drifts = await setUp();
      await drifts.add(LIST, [drift(1, 'a-bot-1'), drift(1, 'a-bot-2'), drift(2, 'b-bot-1')]);
      await drifts.add(OTHER_LIST, [drift(1, 'a-bot-1')]);
      await drifts.assign(LIST, new Map([[userId(1), CONFIRMS]]));
      await drifts.assign(LIST, new Map());
      expect((await all(drifts)).map(({ sagaId }) => sagaId)).toEqual([CONFIRMS, null]);
      expect((await all(drifts, OTHER_LIST)).map(({ sagaId }) => sagaId)).toEqual([null]);
    });

    it('hundreds of users, assigned while they are walked over: each once, in a stable order, nobody’s bots torn apart', async () => {
      const drifts = await setUp();
      const given = Array.from({ length: 350 }, (_, n) => [
        drift(n, `u${n}-bot-1`),
        drift(n, `u${n}-bot-2`),
      ]).flat();
      await drifts.add(LIST, given.toReversed());
      const { signal } = new AbortController();
      const observed: string[] = [];
      for await (const users of drifts.byUser(LIST, { signal })) {
        for (const user of users) {
          observed.push(user.userId);
          expect(user.drifts).toHaveLength(2);
        }
        await drifts.assign(LIST, new Map(users.map((user) => [user.userId, CONFIRMS])));
      }
      expect(observed).toEqual(Array.from({ length: 350 }, (_, n) => userId(n)));
      expect((await all(drifts)).every(({ sagaId }) => sagaId === CONFIRMS)).toBe(true);
    });

    it('a walk whose signal is aborted: ends with an error', async () => {
      const drifts = await setUp();
      await drifts.add(
        LIST,
        Array.from({ length: 250 }, (_, n) => drift(n, `u${n}-bot-1`)),
      );
      const stop = new AbortController();
      const walk = async () => {
        for await (const _users of drifts.byUser(LIST, { signal: stop.signal })) stop.abort();
      };
      await expect(walk()).rejects.toThrow();
    });

    it('a fence that refuses: nothing is added or assigned (I5)', async () => {
      const real = await create();
      const drifts = unfenced(real);
      await drifts.add(LIST, [drift(1, 'a-bot-1')]);
      const before = await all(drifts);
      const refuse = () => Promise.reject(new Error('fenced'));
      await expect(real.add(LIST, [drift(2, 'b-bot-1')], refuse)).rejects.toThrow('fenced');
      const runs = new Map([[userId(1), CONFIRMS]]);
      await expect(real.assign(LIST, runs, refuse)).rejects.toThrow('fenced');
      expect(await all(drifts)).toEqual(before);
    });

    it('a sample: the first of them, no more than asked for', async () => {
      const drifts = await setUp();
      await drifts.add(LIST, [drift(2, 'b-bot-1'), drift(1, 'a-bot-1'), drift(3, 'c-bot-1')]);
      const sample = await drifts.sample(LIST, 2);
      expect(sample).toEqual([drift(1, 'a-bot-1'), drift(2, 'b-bot-1')]);
      expect(await drifts.sample(OTHER_LIST, 2)).toEqual([]);
    });
  });
}

/** The same for a worker that nobody has taken over. */
function unfenced(drifts: RunDrifts) {
  return {
    ...drifts,
    add: (list: string, found: readonly RunDrift[]) => drifts.add(list, found, passes),
    assign: (list: string, runs: Parameters<RunDrifts['assign']>[1]) =>
      drifts.assign(list, runs, passes),
  };
}

const passes = async () => undefined;
