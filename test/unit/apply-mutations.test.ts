// A batch that takes bots out of the pool state: applied in runs, it must come to what each change alone would.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toFirebaseUid, toInstanceId, toUserId } from '../../src/domain/ids.ts';
import { applyAll } from '../../src/pool-state/apply-mutations.ts';
import type { PendingMutation } from '../../src/pool-state/mutation-queue.ts';
import { takingOut } from '../../src/pool-state/owned-entry.ts';
import type { PoolState } from '../../src/pool-state/pool-state.ts';
import { sampleMapping, samplePool } from '../support/pool-state-samples.ts';

type Change = (state: PoolState) => PoolState;

const OWNERS = ['ann', 'ben'].map((uid) => ({
  userId: toUserId(uid === 'ann' ? 'a'.repeat(24) : 'b'.repeat(24)),
  firebaseUid: toFirebaseUid(uid),
}));
const IDS = ['ann-bot-1', 'ann-bot-2', 'ben-bot-1', 'constructor', '7'].map(toInstanceId);

const LATER = '2100-01-01T00:00:00.000Z';

const states: fc.Arbitrary<PoolState> = fc
  .record({
    listed: fc.array(fc.subarray(IDS), { minLength: 2, maxLength: 2 }),
    mapped: fc.subarray(IDS),
    mappedTo: fc.constantFrom('ann', 'ben'),
  })
  .map(({ listed, mapped, mappedTo }) => {
    const pools = listed.map((bots, index) => samplePool(index === 0 ? 'ann' : 'ben', bots));
    return {
      pools: Object.fromEntries(pools.map((pool) => [pool.id, pool])),
      botMapping: Object.fromEntries(mapped.map((id) => [id, sampleMapping(mappedTo, id, 0)])),
      updatedAt: '2026-11-01T00:00:00.000Z',
    };
  });
const takes: fc.Arbitrary<Change> = fc
  .record({
    instanceId: fc.constantFrom(...IDS),
    owner: fc.constantFrom(...OWNERS),
    // Before and after the samples were given their slots.
    since: fc.constantFrom('2000-01-01T00:00:00.000Z', LATER),
  })
  .map(takingOut);
const raise: Change = (state) => ({ ...state, nextPoolId: (state.nextPoolId ?? 0) + 1 });
const changes = fc.array(fc.oneof({ weight: 4, arbitrary: takes }, fc.constant(raise)), {
  maxLength: 8,
});

test('any batch: the state, and who changed it, as one after the other', () => {
  fc.assert(
    fc.property(states, changes, (source, batch) => {
      const pendings = batch.map(pendingOf);
      const applied = applyAll(source, pendings);
      let state = source;
      const changed = batch.map((change) => {
        const before = state;
        state = change(state);
        return state !== before;
      });
      expect(applied.state).toEqual(state);
      expect(pendings.map((pending) => applied.changedBy.has(pending))).toEqual(changed);
      if (!changed.includes(true)) expect(applied.state).toBe(source);
    }),
  );
});

test('a hundred bots of one pool leave it in one batch: its list is copied once', () => {
  const ids = Array.from({ length: 100 }, (_, index) => toInstanceId(`ann-bot-${index + 1}`));
  let copies = 0;
  // What `filter` makes of one is one again: every copy in a row is counted.
  class CountedList extends Array<string> {
    override filter(keeps: (bot: string, index: number, bots: string[]) => unknown): string[] {
      copies += 1;
      return super.filter(keeps);
    }
  }
  const pool = samplePool('ann', []);
  const state: PoolState = {
    pools: { [pool.id]: { ...pool, bots: CountedList.from(ids) } },
    botMapping: Object.fromEntries(ids.map((id) => [id, sampleMapping('ann', id, 0)])),
  };
  const [owner] = OWNERS;
  if (owner === undefined) throw new Error('there is an owner');
  const batch = ids.map((instanceId) => pendingOf(takingOut({ instanceId, owner, since: LATER })));
  const applied = applyAll(state, batch);
  expect(Object.keys(applied.state.botMapping)).toEqual([]);
  expect(applied.state.pools[pool.id]?.bots).toHaveLength(0);
  expect(applied.changedBy.size).toBe(100);
  expect(copies).toBe(1);
});

function pendingOf(change: Change): PendingMutation {
  return {
    mutation: { change, fence: async () => undefined, signal: new AbortController().signal },
    isOpen: () => true,
    begin: () => undefined,
    resolve: () => undefined,
    reject: (error) => {
      throw error;
    },
  };
}
