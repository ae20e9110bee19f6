// Taking a bot out of the pool state and putting it back, over states that the platform could write
// and some that it should not: a bot in two lists, twice in one, mapped without a list or listed
// without a mapping, ids that are names of JavaScript itself.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type BotMapping,
  findEntry,
  type Pool,
  type PoolState,
  putBack,
  takeOut,
} from '../../src/pool-state/pool-state.ts';
import { sampleMapping, samplePool } from '../support/pool-state-samples.ts';

const IDS = ['a-bot-1', 'a-bot-2', 'b-bot-1', 'constructor', '__proto__', '7'];
const instanceId = fc.constantFrom(...IDS);

const states: fc.Arbitrary<PoolState> = fc
  .record({
    pools: fc.array(fc.tuple(fc.constantFrom('a', 'b', '__proto__', 'c'), fc.array(instanceId)), {
      maxLength: 4,
    }),
    mapped: fc.uniqueArray(instanceId),
  })
  .map(({ pools, mapped }) => ({
    pools: fromEntries<Pool>(pools.map(([key, bots]) => [key, samplePool('uid', bots)])),
    botMapping: fromEntries<BotMapping>(mapped.map((id) => [id, sampleMapping('uid', id, 0)])),
    nextPoolId: 3,
    updatedAt: '2026-11-01T00:00:00.000Z',
    platformVersion: '2.4',
  }));

test('any bot of any state taken out and put back: the same state', () => {
  fc.assert(
    fc.property(states, instanceId, (state, id) => {
      const entry = findEntry(state, id);
      const without = takeOut(state, id);
      if (entry === null) expect(without).toBe(state);
      else expect(sorted(putBack(without, id, entry))).toBe(sorted(state));
    }),
  );
});

test('any bot taken out: it is nowhere, and everything else is as it was', () => {
  fc.assert(
    fc.property(states, instanceId, (state, id) => {
      const without = takeOut(state, id);
      expect(findEntry(without, id)).toBeNull();
      expect(takeOut(without, id)).toBe(without);
      for (const other of IDS.filter((one) => one !== id)) {
        expect(findEntry(without, other)?.mapping ?? null).toBe(
          findEntry(state, other)?.mapping ?? null,
        );
      }
      for (const [key, pool] of Object.entries(state.pools)) {
        const bots = pool.bots.filter((bot) => bot !== id);
        expect(ownPool(without, key)).toEqual({ ...pool, bots });
      }
      expect(Object.keys(without.pools)).toEqual(Object.keys(state.pools));
    }),
  );
});

test('a capture put back over any newer state: the other bots keep their order, nothing is doubled', () => {
  fc.assert(
    fc.property(states, states, instanceId, (captured, newer, id) => {
      const entry = findEntry(captured, id);
      fc.pre(entry !== null);
      if (entry === null) return;
      const after = putBack(newer, id, entry);
      expect(Object.keys(after.pools)).toEqual(Object.keys(newer.pools));
      for (const [key, pool] of Object.entries(newer.pools)) {
        const bots = ownPool(after, key)?.bots ?? [];
        if (pool.bots.includes(id)) expect(bots).toEqual(pool.bots);
        expect(bots.filter((bot) => bot !== id)).toEqual(pool.bots.filter((bot) => bot !== id));
      }
      expect(putBack(after, id, entry)).toBe(after);
    }),
  );
});

test('the state has a newer mapping than the capture: the newer one stays', () => {
  const old = sampleMapping('uid', 'a-bot-1', 0);
  const newer = { ...old, port: 9007 };
  const state: PoolState = {
    pools: {},
    botMapping: { 'a-bot-1': newer },
    nextPoolId: 1,
    updatedAt: '',
  };
  expect(putBack(state, 'a-bot-1', { mapping: old, memberships: [] })).toBe(state);
});

/** Unlike an object literal's, its keys may be `__proto__`. */
function fromEntries<T>(entries: readonly (readonly [string, T])[]): Record<string, T> {
  return Object.fromEntries(entries);
}

function ownPool(state: PoolState, key: string): Pool | undefined {
  return Object.hasOwn(state.pools, key) ? state.pools[key] : undefined;
}

/** As text with the mappings in order of their keys: their order in the file means nothing. */
function sorted(state: PoolState): string {
  const botMapping = Object.entries(state.botMapping).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify({ ...state, pools: Object.entries(state.pools), botMapping });
}
