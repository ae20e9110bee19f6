// What every implementation of the port PoolStates must do, whatever holds the state.

import { describe, expect, test } from 'vitest';
import { FencedError, UnavailableError } from '../../packages/saga/src/errors.ts';
import { findEntry, type PoolState, putBack, takeOut } from '../../src/pool-state/pool-state.ts';
import type { PoolStates } from '../../src/pool-state/pool-states.ts';
import { UNREADABLE } from '../../src/pool-state/unreadable-rows.ts';
import { countUp, mutate, noFence } from '../support/pool-changes.ts';
import { samplePoolState } from '../support/pool-state-samples.ts';

export interface PoolStatesStage {
  /** A writer of its own on the same state, as another process would have it. */
  open(): PoolStates;
  /** The state as it is stored, unknown fields included. */
  stored(): Promise<PoolState>;
  /** Writes as the platform does: without asking anybody. */
  overwrite(state: PoolState): Promise<void>;
  /** Makes the state unreadable, each time in another way if there are several. */
  readonly spoilers: Readonly<Record<string, () => Promise<void>>>;
  /** Each leaves one row that cannot be read, the pool's or the first bot's. */
  readonly oddRows: Readonly<Record<string, () => Promise<void>>>;
  /** How often the state has been written by writers of this stage, or null if that is not counted. */
  writes(): number | null;
}

const BOT = 'uid-0-bot-2';
const NEIGHBOUR = 'uid-0-bot-3';

export function describePoolStates(
  name: string,
  createStage: (state: PoolState) => Promise<PoolStatesStage>,
): void {
  describe(name, () => {
    test('a bot is taken out: the answer and the store agree, neighbours and unknown fields stay', async () => {
      const stage = await createStage(samplePoolState(6));
      const before = await stage.stored();
      const { state, changed } = await mutate(stage.open(), (s) => takeOut(s, BOT));
      expect(changed).toBe(true);
      expect(await stage.stored()).toEqual(state);
      expect(state).toEqual({ ...takeOut(before, BOT), updatedAt: state.updatedAt });
      expect(state.updatedAt).not.toBe(before.updatedAt);
    });

    test('a bot is taken out and put back: the state is as before', async () => {
      const stage = await createStage(samplePoolState(6));
      const states = stage.open();
      const before = await stage.stored();
      const entry = findEntry(before, BOT);
      if (entry === null) throw new Error('the sample lost its bot');
      await mutate(states, (s) => takeOut(s, BOT));
      const { state } = await mutate(states, (s) => putBack(s, BOT, entry));
      expect(await stage.stored()).toEqual({ ...before, updatedAt: state.updatedAt });
    });

    test('a change that changes nothing: says so and nothing is written', async () => {
      const stage = await createStage(samplePoolState(3));
      const before = await stage.stored();
      const { state, changed } = await mutate(stage.open(), (s) => takeOut(s, 'nobody'));
      expect(changed).toBe(false);
      expect(state).toEqual(before);
      expect(await stage.stored()).toEqual(before);
    });

    test('a fence that throws: only its caller is left out', async () => {
      const stage = await createStage(samplePoolState(6));
      const states = stage.open();
      const fenced = new FencedError('delete-1', 3);
      const results = await Promise.allSettled([
        mutate(states, (s) => takeOut(s, 'uid-0-bot-1')),
        mutate(states, (s) => takeOut(s, BOT), { fence: () => Promise.reject(fenced) }),
        mutate(states, (s) => takeOut(s, NEIGHBOUR)),
      ]);
      expect(results.map((r) => r.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect(results[1]).toMatchObject({ reason: fenced });
      expect((await stage.stored()).pools['uid-0-pool-1']?.bots).toEqual([BOT]);
    });

    test('a change that throws: only its caller is left out', async () => {
      const stage = await createStage(samplePoolState(3));
      const states = stage.open();
      const results = await Promise.allSettled([
        mutate(states, () => {
          throw new RangeError('no such slot');
        }),
        mutate(states, (s) => takeOut(s, BOT)),
      ]);
      expect(results.map((r) => r.status)).toEqual(['rejected', 'fulfilled']);
      expect(findEntry(await stage.stored(), BOT)).toBeNull();
    });

    test('two writers with fifty changes each at once: none is lost', async () => {
      const stage = await createStage(samplePoolState(9));
      const writers = [stage.open(), stage.open()];
      await Promise.all(
        writers.flatMap((states) => Array.from({ length: 50 }, () => mutate(states, countUp))),
      );
      expect((await stage.stored()).nextPoolId).toBe(101);
    });

    test('fifty changes at once: written together, in far fewer writes', async () => {
      const stage = await createStage(samplePoolState(150));
      const states = stage.open();
      const bots = Object.keys((await stage.stored()).botMapping).slice(0, 50);
      const results = await Promise.all(bots.map((b) => mutate(states, (s) => takeOut(s, b))));
      expect(results.every((r) => r.changed)).toBe(true);
      expect(Object.keys((await stage.stored()).botMapping)).toHaveLength(100);
      expect(stage.writes() ?? 0).toBeLessThanOrEqual(5);
    });

    test('the platform writes between our read and our write: both are kept', async () => {
      const stage = await createStage(samplePoolState(6));
      const before = await stage.stored();
      let platform: Promise<void> | null = null;
      const states = stage.open();
      await states.mutate({
        change: (s) => {
          platform ??= stage.overwrite({ ...before, platformVersion: '2.5' });
          return takeOut(s, BOT);
        },
        fence: noFence,
        signal: AbortSignal.timeout(10_000),
      });
      await platform;
      // Where the platform came last it knows nothing of our change: then a second observation finds that.
      await mutate(states, (s) => takeOut(s, BOT));
      const after = await stage.stored();
      expect(after.platformVersion).toBe('2.5');
      expect(findEntry(after, BOT)).toBeNull();
      expect(findEntry(after, NEIGHBOUR)).not.toBeNull();
    });

    test('a read after a write by another process: sees it', async () => {
      const stage = await createStage(samplePoolState(6));
      const states = stage.open();
      await expectBotCount(states, 6);
      await mutate(stage.open(), (s) => takeOut(s, BOT));
      await expectBotCount(states, 5);
      await stage.overwrite(samplePoolState(9));
      await expectBotCount(states, 9);
    });

    test('the state cannot be read: unknown, and a change refuses without writing', async () => {
      const { spoilers } = await createStage(samplePoolState(3));
      for (const way of Object.keys(spoilers)) {
        const stage = await createStage(samplePoolState(3));
        await stage.spoilers[way]?.();
        const states = stage.open();
        const answer = await states.read({ signal: AbortSignal.timeout(10_000) });
        expect(answer, way).toMatchObject({ status: 'unknown', reason: expect.any(String) });
        const refusal = await mutate(states, (s) => takeOut(s, BOT)).catch((err: unknown) => err);
        expect(refusal, way).toBeInstanceOf(UnavailableError);
        expect(refusal, way).toMatchObject({ code: 'POOL_STATE_UNREADABLE' });
        expect(stage.writes() ?? 0, way).toBe(0);
      }
    });

    test('a row that cannot be read: hides its bot; a change of the rest lands, and the row stays as it is', async () => {
      const { oddRows } = await createStage(samplePoolState(3));
      for (const way of Object.keys(oddRows)) {
        const stage = await createStage(samplePoolState(3));
        await stage.oddRows[way]?.();
        const states = stage.open();
        const hiddenIn = async (one: PoolStates) => {
          const answer = await one.read({ signal: AbortSignal.timeout(10_000) });
          if (answer.status === 'unknown') throw new Error(`${way}: ${answer.reason}`);
          const { pools = {}, botMapping = {} } = answer.items[UNREADABLE] ?? {};
          return [...Object.entries(pools), ...Object.entries(botMapping)].map(
            ([key, { value, reason }]) => ({ key, value, reason }),
          );
        };
        const before = await hiddenIn(states);
        expect(before, way).toHaveLength(1);
        await mutate(states, (s) => ({ ...s, nextPoolId: 77 }));
        expect(await hiddenIn(states), way).toEqual(before);
        expect(await hiddenIn(stage.open()), way).toEqual(before);
      }
    });

    test('a caller that has given up already: refused, and nothing is applied', async () => {
      const stage = await createStage(samplePoolState(3));
      const before = await stage.stored();
      const refusal = stage.open().mutate({
        change: (s) => takeOut(s, BOT),
        fence: noFence,
        signal: AbortSignal.abort(),
      });
      await expect(refusal).rejects.toBeInstanceOf(UnavailableError);
      expect(await stage.stored()).toEqual(before);
    });

    test('a caller that gives up while its fence is asked: refused, the others are applied', async () => {
      const stage = await createStage(samplePoolState(3));
      const states = stage.open();
      const caller = new AbortController();
      const [refused, applied] = await Promise.allSettled([
        states.mutate({
          change: (s) => takeOut(s, BOT),
          fence: () => {
            caller.abort();
            return new Promise<void>(() => {});
          },
          signal: caller.signal,
        }),
        mutate(states, (s) => takeOut(s, NEIGHBOUR)),
      ]);
      expect(refused).toMatchObject({ status: 'rejected', reason: expect.any(UnavailableError) });
      expect(applied.status).toBe('fulfilled');
      expect((await stage.stored()).pools['uid-0-pool-1']?.bots).toEqual(['uid-0-bot-1', BOT]);
    });

    test('ids that are names of JavaScript itself: treated as ids', async () => {
      const stage = await createStage(samplePoolState(3));
      for (const id of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
        const { changed } = await mutate(stage.open(), (s) => takeOut(s, id));
        expect(changed, id).toBe(false);
      }
    });
  });
}

async function expectBotCount(states: PoolStates, count: number): Promise<void> {
  const answer = await states.read({ signal: AbortSignal.timeout(10_000) });
  if (answer.status !== 'ok') throw new Error(answer.reason);
  expect(Object.keys(answer.items.botMapping)).toHaveLength(count);
}
