// The contract of the port Bots, run on Docker and on the simulator alike: the simulator must never be
// kinder. A world makes real or simulated bots; the tests only use the port.

import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  FencedError,
  RetryableError,
  SagaError,
  TerminalError,
  UnavailableError,
} from '../../packages/saga/src/errors.ts';
import type { BotPlace, Bots, FencedCall, StartOrder } from '../../src/bots/bots.ts';
import { observeAtRest } from '../../src/deletion/bot-at-rest.ts';
import {
  type BotQuery,
  isAtRest,
  isUp,
  type ObservedBot,
  type ObservedLabels,
  type ObservedPooled,
} from '../../src/domain/bot.ts';
import { toFirebaseUid, toInstanceId, toUserId } from '../../src/domain/ids.ts';
import type { SourceAnswer } from '../../src/domain/source.ts';
import { listAll } from '../support/list-all.ts';

export interface BotsWorld {
  readonly bots: Bots;
  addDedicated(bot: {
    readonly instanceId: string;
    readonly name?: string;
    readonly labels?: ObservedLabels;
    readonly state?: 'running' | 'paused' | 'stopped';
    readonly ends?: Ends;
    /** It ends at once when it is started a second time, and no policy starts it again. */
    readonly startsOnce?: boolean;
  }): Promise<void>;
  addPool(pool: {
    readonly name: string;
    readonly labels?: ObservedLabels;
    readonly bots: Readonly<Record<string, 'RUNNING' | 'STOPPED'>>;
    readonly ends?: Ends;
    /** Where bots listen, as their own configs say; default: they have none. */
    readonly ports?: Readonly<Record<string, number>>;
  }): Promise<void>;
  /** Whether a bot with `ends` was killed before it had ended by itself. */
  wasKilled(instanceId: string): Promise<boolean>;
  stopPool(name: string): Promise<void>;
  startPool(name: string): Promise<void>;
  /** An image that new containers can be made of. */
  readonly image: string;
  /** One more running bot of a pool, whose program supervisord calls `<group>:main`. With `others`, a group in a file
   * that is not the bot's names it. */
  addGrouped(bot: {
    readonly pool: string;
    readonly instanceId: string;
    readonly group: string;
    readonly isGroupOfOthers?: boolean;
  }): Promise<void>;
  /** A running program of a pool that nothing tells the bot of. */
  addStranger(pool: string, program: string): Promise<void>;
  /** The bot's conf file disappears; what runs, runs on. */
  loseConf(name: string, instanceId: string): Promise<void>;
  /** The pool's container runs on, but its supervisord answers nobody. */
  muteSupervisord(name: string): Promise<void>;
}

/** A bot that needs some time to end, and what its owner lets it take. */
export interface Ends {
  readonly needsSeconds: number;
  readonly stopSeconds: number;
}

/** Two hosts: bots are added to the first, and the second does not answer. */
export interface HalfAwayWorld extends Pick<BotsWorld, 'bots' | 'addDedicated' | 'addPool'> {
  readonly here: string;
  readonly away: string;
}

/** Defines the suite's tests; to be called inside a describe. `createWorld` is called in each test. */
export function testBots(createWorld: () => Promise<BotsWorld>): void {
  const setUp = withUid(createWorld);

  test('no such bot anywhere: ok with nothing, which is evidence of absence', async () => {
    const { bots } = await createWorld();
    expect(itemsOf(await bots.locate(queryFor(newUid()), call()))).toEqual([]);
  });

  test('a dedicated bot: found by its exact name, its neighbours are not', async () => {
    const { bots, addDedicated, uid } = await setUp();
    await addDedicated({ instanceId: `${uid}-bot.1` });
    const [observed, ...others] = itemsOf(await bots.locate(query(uid, `${uid}-bot.1`), call()));
    expect(others).toEqual([]);
    expect(observed).toMatchObject({
      kind: 'dedicated',
      containerName: `freqtrade-${uid}-bot.1`,
      running: true,
      paused: false,
      restartPolicy: 'unless-stopped',
    });
    for (const neighbour of [`${uid}-botx1`, `${uid}-bot`, `${uid}-bot.11`, `x${uid}-bot.1`]) {
      expect(itemsOf(await bots.locate(query(uid, neighbour), call()))).toEqual([]);
    }
  });

  test('a container of another name with the label: shown as a claim, listed as a doubt and not as the bot', async () => {
    const { bots, addDedicated, uid } = await setUp();
    const labels = { instanceId: `${uid}-bot-1`, userId: 'somebody-else' };
    await addDedicated({ instanceId: `${uid}-bot-1`, name: `custom-${uid}`, labels });
    const [observed] = itemsOf(await bots.locate(queryFor(uid), call()));
    expect(observed).toMatchObject({ containerName: `custom-${uid}`, labels, byLabelAlone: true });
    const named = { ...queryFor(uid), poolContainers: [`custom-${uid}`] };
    const [known] = itemsOf(await bots.locate(named, call()));
    expect(known).not.toHaveProperty('byLabelAlone');
    const [listing] = await listAll(bots, null);
    const listed = listing === undefined ? [] : itemsOf(listing.answer);
    expect(listed.map(({ instanceId }) => instanceId)).not.toContain(`${uid}-bot-1`);
    expect(listing?.doubts?.some(({ mayBe }) => mayBe(`${uid}-bot-1`))).toBe(true);
  });

  test('a container that holds the name without being called so: the bot is in doubt, and no other', async () => {
    const { bots, addDedicated, uid } = await setUp();
    const name = `0123456789ab_freqtrade-${uid}-bot-1`;
    await addDedicated({ instanceId: `${uid}-bot-1`, name });
    const answer = await bots.locate(queryFor(uid), call());
    expect(answer).toMatchObject({ status: 'unknown', reason: expect.stringContaining(name) });
    expect(itemsOf(await bots.locate(query(uid, `${uid}-bot-10`), call()))).toEqual([]);
    const [listing] = await listAll(bots, uid);
    const listed = listing === undefined ? [] : itemsOf(listing.answer);
    expect(listed.map(({ instanceId }) => instanceId)).not.toContain(`${uid}-bot-1`);
    const isDoubted = (n: number) => listing?.doubts?.some(({ mayBe }) => mayBe(`${uid}-bot-${n}`));
    expect([1, 10].map(isDoubted)).toEqual([true, false]);
  });

  test('a bot named like a pool: a pool container is not taken for it', async () => {
    const { bots, addPool, uid } = await setUp();
    await addPool({ name: `freqtrade-pool-${uid}-pool-1`, bots: {} });
    const found = await bots.locate(query(null, `pool-${uid}-pool-1`), call());
    expect(itemsOf(found)).toEqual([]);
  });

  test('a running dedicated bot: stopped without restart policy, then restored as it was', async () => {
    const { bots, addDedicated, uid } = await setUp();
    await addDedicated({ instanceId: `${uid}-bot-1` });
    const captured = await locateOne(bots, uid);
    const stopping = call();
    await bots.stop(`${uid}-bot-1`, captured, stopping);
    expect(stopping.fences()).toBeGreaterThan(0);
    const stopped = await observe(bots, uid, captured);
    expect(stopped).toMatchObject({ running: false, restartPolicy: 'no' });
    await bots.stop(`${uid}-bot-1`, captured, call());
    expect(await bots.restore(`${uid}-bot-1`, captured, call())).toBe('restored');
    expect(await observe(bots, uid, captured)).toEqual(captured);
    expect(await bots.restore(`${uid}-bot-1`, captured, call())).toBe('restored');
    expect(await observe(bots, uid, captured)).toEqual(captured);
  });

  // In this world a container without a stop time of its own is killed after 1 second, any after 6.
  test('a dedicated bot with a stop time of its own: is given it, and is not killed', async () => {
    const { bots, addDedicated, wasKilled, uid } = await setUp();
    const ends = { needsSeconds: 3, stopSeconds: 6 };
    await addDedicated({ instanceId: `${uid}-bot-1`, ends });
    const captured = await locateOne(bots, uid);
    expect(captured).toMatchObject({ stopSeconds: 6 });
    await bots.stop(`${uid}-bot-1`, captured, call());
    expect(await observe(bots, uid, captured)).toMatchObject({ running: false });
    expect(await wasKilled(`${uid}-bot-1`)).toBe(false);
  });

  test('a dedicated bot with a stop time without end: killed when the longest is over', async () => {
    const { bots, addDedicated, wasKilled, uid } = await setUp();
    await addDedicated({
      instanceId: `${uid}-bot-1`,
      ends: { needsSeconds: 600, stopSeconds: -1 },
    });
    const captured = await locateOne(bots, uid);
    expect(captured).toMatchObject({ stopSeconds: -1 });
    await bots.stop(`${uid}-bot-1`, captured, call());
    expect(await observe(bots, uid, captured)).toMatchObject({ running: false });
    expect(await wasKilled(`${uid}-bot-1`)).toBe(true);
  });

  test('a program with a stop time of its own: waited for, taken out, and not killed', async () => {
    const { bots, addPool, wasKilled, uid } = await setUp();
    const ends = { needsSeconds: 3, stopSeconds: 6 };
    await addPool({ name: poolOf(uid), bots: { [`${uid}-bot-1`]: 'RUNNING' }, ends });
    const captured = await locateOne(bots, uid);
    expect(captured).toMatchObject({ stopSeconds: 6 });
    await bots.stop(`${uid}-bot-1`, captured, call());
    expect(await observe(bots, uid, captured)).toMatchObject({ conf: 'aside', program: 'absent' });
    expect(await wasKilled(`${uid}-bot-1`)).toBe(false);
  });

  test('a paused dedicated bot: present, stopped, and paused again by a restore', async () => {
    const { bots, addDedicated, uid } = await setUp();
    await addDedicated({ instanceId: `${uid}-bot-1`, state: 'paused' });
    const captured = await locateOne(bots, uid);
    expect(captured).toMatchObject({ running: true, paused: true });
    expect(isAtRest(captured)).toBe(false);
    await bots.stop(`${uid}-bot-1`, captured, call());
    expect(await observe(bots, uid, captured)).toMatchObject({ running: false, paused: false });
    await bots.restore(`${uid}-bot-1`, captured, call());
    expect(await observe(bots, uid, captured)).toEqual(captured);
  });

  test('a dedicated bot that ends at once when it is started again: no restore calls it as it was', async () => {
    const { bots, addDedicated, uid } = await setUp();
    await addDedicated({ instanceId: `${uid}-bot-1`, startsOnce: true });
    const captured = await locateOne(bots, uid);
    await bots.stop(`${uid}-bot-1`, captured, call());
    await expect(bots.restore(`${uid}-bot-1`, captured, call())).rejects.toMatchObject({
      code: 'CONTAINER_DID_NOT_START',
    });
    expect(await observe(bots, uid, captured)).toMatchObject({ running: false });
  });

  test('a stopped dedicated bot: stays stopped through stop and restore', async () => {
    const { bots, addDedicated, uid } = await setUp();
    await addDedicated({ instanceId: `${uid}-bot-1`, state: 'stopped' });
    const captured = await locateOne(bots, uid);
    expect(captured).toMatchObject({ running: false, restartPolicy: 'unless-stopped' });
    await bots.stop(`${uid}-bot-1`, captured, call());
    expect(await observe(bots, uid, captured)).toMatchObject({
      running: false,
      restartPolicy: 'no',
    });
    await bots.restore(`${uid}-bot-1`, captured, call());
    expect(await observe(bots, uid, captured)).toEqual(captured);
  });

  test('a dedicated bot removed: gone, and every repeat is harmless', async () => {
    const { bots, addDedicated, uid } = await setUp();
    await addDedicated({ instanceId: `${uid}-bot-1` });
    const captured = await locateOne(bots, uid);
    expect(await bots.remove(`${uid}-bot-1`, captured, call())).toBe('removed');
    expect(await observe(bots, uid, captured)).toBeNull();
    expect(itemsOf(await bots.locate(queryFor(uid), call()))).toEqual([]);
    expect(await bots.remove(`${uid}-bot-1`, captured, call())).toBe('gone');
    expect(await bots.stop(`${uid}-bot-1`, captured, call())).toBe('gone');
    expect(await bots.restore(`${uid}-bot-1`, captured, call())).toBe('gone');
  });

  test('an active program: taken out, restored as it was, its neighbour runs on', async () => {
    const { bots, addPool, uid } = await setUp();
    const name = poolOf(uid);
    await addPool({ name, bots: { [`${uid}-bot-1`]: 'RUNNING', [`${uid}-bot-2`]: 'RUNNING' } });
    const captured = await locateOne(bots, uid);
    expect(captured).toMatchObject({
      kind: 'pooled',
      containerName: name,
      poolRunning: true,
      conf: 'present',
      program: 'RUNNING',
    });
    await bots.stop(`${uid}-bot-1`, captured, call());
    expect(await observe(bots, uid, captured)).toMatchObject({ conf: 'aside', program: 'absent' });
    expect(await locateOne(bots, uid)).toMatchObject({ conf: 'aside', program: 'absent' });
    await bots.stop(`${uid}-bot-1`, captured, call());
    expect(await bots.restore(`${uid}-bot-1`, captured, call())).toBe('restored');
    expect(await observe(bots, uid, captured)).toEqual(captured);
    expect(await locateOne(bots, uid, `${uid}-bot-2`)).toMatchObject({ program: 'RUNNING' });
  });

  test('a program at rest: stays known to supervisord, and at rest after a restore', async () => {
    const { bots, addPool, uid } = await setUp();
    await addPool({ name: poolOf(uid), bots: { [`${uid}-bot-1`]: 'STOPPED' } });
    const captured = await locateOne(bots, uid);
    expect(captured).toMatchObject({ conf: 'present', program: 'STOPPED' });
    expect(isAtRest(captured)).toBe(true);
    await bots.stop(`${uid}-bot-1`, captured, call());
    expect(await observe(bots, uid, captured)).toMatchObject({ conf: 'aside', program: 'STOPPED' });
    await bots.restore(`${uid}-bot-1`, captured, call());
    expect(await observe(bots, uid, captured)).toEqual(captured);
  });

  test('an active program without a conf file: stopped but kept, and started by a restore', async () => {
    const { bots, addPool, loseConf, uid } = await setUp();
    await addPool({ name: poolOf(uid), bots: { [`${uid}-bot-1`]: 'RUNNING' } });
    await loseConf(poolOf(uid), `${uid}-bot-1`);
    const captured = await locateOne(bots, uid);
    expect(captured).toMatchObject({ conf: 'gone', program: 'RUNNING' });
    await bots.stop(`${uid}-bot-1`, captured, call());
    expect(await observe(bots, uid, captured)).toMatchObject({ conf: 'gone', program: 'STOPPED' });
    expect(await bots.restore(`${uid}-bot-1`, captured, call())).toBe('restored');
    expect(await observe(bots, uid, captured)).toEqual(captured);
    await bots.remove(`${uid}-bot-1`, captured, call());
    expect(await observe(bots, uid, captured)).toBeNull();
  });

  test('a program removed, before and after a stop: gone, twice, its neighbour runs on', async () => {
    const { bots, addPool, uid } = await setUp();
    const ids = [`${uid}-bot-1`, `${uid}-bot-2`, `${uid}-bot-3`] as const;
    await addPool({
      name: poolOf(uid),
      bots: { [ids[0]]: 'RUNNING', [ids[1]]: 'RUNNING', [ids[2]]: 'STOPPED' },
    });
    const [first, second, third] = await Promise.all(ids.map((id) => locateOne(bots, uid, id)));
    if (!first || !second || !third) throw new Error('unreachable');
    expect(await bots.stop(ids[0], first, call())).toBe('stopped');
    expect(await bots.remove(ids[0], first, call())).toBe('removed');
    expect(await observe(bots, uid, first)).toBeNull();
    expect(await bots.remove(ids[0], first, call())).toBe('gone');
    expect(await bots.stop(ids[0], first, call())).toBe('gone');
    expect(await bots.restore(ids[0], first, call())).toBe('gone');
    await bots.remove(ids[2], third, call());
    expect(await observe(bots, uid, third, ids[2])).toBeNull();
    expect(await observe(bots, uid, second, ids[1])).toEqual(second);
  });

  test('a program in a group, with a name of its own: found, stopped, restored, removed; its neighbour runs on', async () => {
    const { bots, addPool, addGrouped, uid } = await setUp();
    const pool = poolOf(uid);
    await addPool({ name: pool, bots: { [`${uid}-bot-2`]: 'RUNNING' } });
    await addGrouped({ pool, instanceId: `${uid}-bot-1`, group: 'live' });
    const captured = await locateOne(bots, uid);
    expect(captured).toMatchObject({
      conf: 'present',
      program: 'RUNNING',
      programs: [{ name: 'live:main', state: 'RUNNING' }],
    });
    const [listing] = await listAll(bots, uid);
    const listed = listing === undefined ? [] : itemsOf(listing.answer);
    expect(listed.map(({ instanceId }) => instanceId)).toContain(`${uid}-bot-1`);
    expect(listing?.unknownPools).toEqual([]);
    await bots.stop(`${uid}-bot-1`, captured, call());
    expect(await observe(bots, uid, captured)).toMatchObject({ conf: 'aside', program: 'absent' });
    expect(await bots.restore(`${uid}-bot-1`, captured, call())).toBe('restored');
    expect(await observe(bots, uid, captured)).toEqual(captured);
    await bots.remove(`${uid}-bot-1`, captured, call());
    expect(await observe(bots, uid, captured)).toBeNull();
    expect(await locateOne(bots, uid, `${uid}-bot-2`)).toMatchObject({ program: 'RUNNING' });
  });

  test('a group that is not its own names it: stopped, and neither taken out nor said to be at rest', async () => {
    const { bots, addPool, addGrouped, uid } = await setUp();
    const pool = poolOf(uid);
    await addPool({ name: pool, bots: {} });
    await addGrouped({ pool, instanceId: `${uid}-bot-1`, group: 'live', isGroupOfOthers: true });
    const captured = await locateOne(bots, uid);
    expect(captured).toMatchObject({ program: 'RUNNING', entangled: expect.any(String) });
    for (const change of [bots.stop, bots.remove]) {
      const refused = change(`${uid}-bot-1`, captured, call());
      await expect(refused).rejects.toMatchObject({ code: 'PROGRAM_ENTANGLED' });
      await expect(refused).rejects.toBeInstanceOf(RetryableError);
    }
    const stopped = await observe(bots, uid, captured);
    expect(stopped).toMatchObject({ conf: 'present', program: 'STOPPED' });
    const rest = await observeAtRest(bots, toInstanceId(`${uid}-bot-1`), [captured], call());
    expect(rest.status).toBe('running');
    expect(await bots.restore(`${uid}-bot-1`, captured, call())).toBe('restored');
    expect(await observe(bots, uid, captured)).toEqual(captured);
  });

  test('a program that nobody can tell the bot of: who is not found beside it is in doubt, who is found is found', async () => {
    const { bots, addPool, addStranger, uid } = await setUp();
    await addPool({ name: poolOf(uid), bots: { [`${uid}-bot-1`]: 'RUNNING' } });
    await addStranger(poolOf(uid), 'trader');
    const captured = await locateOne(bots, uid);
    const other = await bots.locate(query(uid, `${uid}-bot-2`), call());
    expect(other).toMatchObject({ status: 'unknown', reason: expect.stringContaining('trader') });
    const [listing] = await listAll(bots, uid);
    expect(listing?.unknownPools).toMatchObject([{ containerName: poolOf(uid) }]);
    const listed = listing === undefined ? [] : itemsOf(listing.answer);
    expect(listed.map(({ instanceId }) => instanceId)).toContain(`${uid}-bot-1`);
    await bots.stop(`${uid}-bot-1`, captured, call());
    expect(await observe(bots, uid, captured)).toMatchObject({ conf: 'aside', program: 'absent' });
    await bots.remove(`${uid}-bot-1`, captured, call());
    expect(await observe(bots, uid, captured)).toBeNull();
  });

  test('a pool that only the query names: asked too', async () => {
    const { bots, addPool, uid } = await setUp();
    const other = newUid();
    await addPool({ name: poolOf(other), bots: { [`${uid}-bot-1`]: 'RUNNING' } });
    expect(itemsOf(await bots.locate(queryFor(uid), call()))).toEqual([]);
    const named = { ...queryFor(uid), poolContainers: [poolOf(other)] };
    expect(itemsOf(await bots.locate(named, call()))).toHaveLength(1);
  });

  test("a pool of another name with the owner's label: asked too", async () => {
    const { bots, addPool, uid } = await setUp();
    const labels = { userId: uid, poolId: `${uid}-pool-7` };
    await addPool({
      name: `freqtrade-pool-x-${uid}`,
      labels,
      bots: { [`${uid}-bot-1`]: 'RUNNING' },
    });
    expect(await locateOne(bots, uid)).toMatchObject({ labels, program: 'RUNNING' });
  });

  test("a pool of another name that a label gives to the owner's `_id`: asked too, and listed", async () => {
    const { bots, addPool, uid } = await setUp();
    const userId = randomBytes(12).toString('hex');
    const labels = { userId };
    const programs = { [`${uid}-bot-1`]: 'RUNNING' } as const;
    await addPool({ name: `freqtrade-pool-x-${uid}`, labels, bots: programs });
    const located = itemsOf(await bots.locate({ ...queryFor(uid), userId }, call()));
    expect(located).toMatchObject([{ labels, program: 'RUNNING' }]);
    const [host = ''] = bots.hosts();
    const listed = itemsOf((await bots.list(host, uid, call())).answer);
    expect(listed.map(({ instanceId }) => instanceId)).toContain(`${uid}-bot-1`);
  });

  test('a pool that does not run: its conf folder answers; it can be stopped, not removed', async () => {
    const { bots, addPool, stopPool, startPool, uid } = await setUp();
    await addPool({ name: poolOf(uid), bots: { [`${uid}-bot-1`]: 'RUNNING' } });
    await stopPool(poolOf(uid));
    const observed = await locateOne(bots, uid);
    expect(observed).toMatchObject({ poolRunning: false, conf: 'present', program: 'absent' });
    expect(isAtRest(observed)).toBe(true);
    expect(itemsOf(await bots.locate(query(uid, `${uid}-bot-2`), call()))).toEqual([]);
    await bots.stop(`${uid}-bot-1`, observed, call());
    expect(await observe(bots, uid, observed)).toEqual(observed);
    const removal = bots.remove(`${uid}-bot-1`, observed, call());
    await expect(removal).rejects.toMatchObject({ code: 'POOL_NOT_RUNNING' });
    await expect(removal).rejects.toBeInstanceOf(RetryableError);
    await startPool(poolOf(uid));
    await bots.remove(`${uid}-bot-1`, observed, call());
    expect(await observe(bots, uid, observed)).toBeNull();
  });

  test('a pool whose supervisord is dead: unknown, never absent', async () => {
    const { bots, addPool, muteSupervisord, uid } = await setUp();
    await addPool({ name: poolOf(uid), bots: { [`${uid}-bot-1`]: 'RUNNING' } });
    const captured = await locateOne(bots, uid);
    await muteSupervisord(poolOf(uid));
    const other = await bots.locate(query(uid, `${uid}-bot-2`), call());
    expect(other.status).toBe('unknown');
    expect((await bots.observe(`${uid}-bot-1`, captured, call())).status).toBe('unknown');
    await expect(bots.stop(`${uid}-bot-1`, captured, call())).rejects.toThrow();
    const [listing] = await listAll(bots, uid);
    expect(listing?.unknownPools).toMatchObject([{ containerName: poolOf(uid) }]);
  });

  test('a fence that refuses: nothing is changed', async () => {
    const { bots, addDedicated, addPool, uid } = await setUp();
    await addDedicated({ instanceId: `${uid}-bot-1` });
    await addPool({ name: poolOf(uid), bots: { [`${uid}-bot-2`]: 'RUNNING' } });
    for (const id of [`${uid}-bot-1`, `${uid}-bot-2`]) {
      const captured = await locateOne(bots, uid, id);
      await expect(bots.stop(id, captured, fenced())).rejects.toThrow(FencedError);
      await expect(bots.remove(id, captured, fenced())).rejects.toThrow(FencedError);
      expect(await observe(bots, uid, captured, id)).toEqual(captured);
      await bots.stop(id, captured, call());
      const stopped = await observe(bots, uid, captured, id);
      await expect(bots.restore(id, captured, fenced())).rejects.toThrow(FencedError);
      expect(await observe(bots, uid, captured, id)).toEqual(stopped);
    }
  });

  test('a fence that passes a few times: no change is made without its own', async () => {
    const { bots, addPool, uid } = await setUp();
    await addPool({ name: poolOf(uid), bots: { [`${uid}-bot-1`]: 'RUNNING' } });
    const captured = await locateOne(bots, uid);
    await expect(bots.stop(`${uid}-bot-1`, captured, fenced(0))).rejects.toThrow(FencedError);
    expect(await observe(bots, uid, captured)).toEqual(captured);
    // However many changes a stop is made of, those after the refusal do not happen, and a repeat ends it.
    await bots.stop(`${uid}-bot-1`, captured, fenced(1)).catch((error: unknown) => {
      expect(error).toBeInstanceOf(FencedError);
    });
    await bots.stop(`${uid}-bot-1`, captured, call());
    expect(await observe(bots, uid, captured)).toMatchObject({ conf: 'aside', program: 'absent' });
  });

  test('a host that is not configured: unknown for an observation, unavailable for a change', async () => {
    const { bots, addDedicated, uid } = await setUp();
    await addDedicated({ instanceId: `${uid}-bot-1` });
    const observed = { ...(await locateOne(bots, uid)), host: 'nowhere' };
    const elsewhere = await bots.locate({ ...queryFor(uid), dockerHost: 'nowhere' }, call());
    expect(elsewhere.status).toBe('unknown');
    expect((await bots.observe(`${uid}-bot-1`, observed, call())).status).toBe('unknown');
    await expect(bots.stop(`${uid}-bot-1`, observed, call())).rejects.toThrow(UnavailableError);
    await expect(bots.remove(`${uid}-bot-1`, observed, call())).rejects.toThrow(UnavailableError);
  });

  test('a call that is aborted before it begins: unknown, and nothing is changed', async () => {
    const { bots, addDedicated, uid } = await setUp();
    await addDedicated({ instanceId: `${uid}-bot-1` });
    const captured = await locateOne(bots, uid);
    const aborted = { ...call(), signal: AbortSignal.abort() };
    expect((await bots.locate(queryFor(uid), aborted)).status).toBe('unknown');
    expect((await bots.observe(`${uid}-bot-1`, captured, aborted)).status).toBe('unknown');
    await expect(bots.stop(`${uid}-bot-1`, captured, aborted)).rejects.toThrow();
    expect(await observe(bots, uid, captured)).toEqual(captured);
  });

  test('a port that a bot’s own config names: read, of a pool that runs or not; of one without, unreadable', async () => {
    const { bots, addPool, stopPool, uid } = await setUp();
    const [first, second] = [`${uid}-bot-1`, `${uid}-bot-2`];
    const running = { [first]: 'RUNNING', [second]: 'RUNNING' } as const;
    await addPool({ name: poolOf(uid), bots: running, ports: { [first]: 9007 } });
    const observed = await locatePooled(bots, uid);
    const reading = async (id: string) => itemsOf(await bots.readPort(id, observed, call()));
    expect(await reading(first)).toEqual({ status: 'read', port: 9007 });
    expect(await reading(second)).toMatchObject({ status: 'unreadable' });
    await stopPool(poolOf(uid));
    expect(await reading(first)).toEqual({ status: 'read', port: 9007 });
  });

  test('a port that cannot be asked for: unknown', async () => {
    const { bots, addPool, uid } = await setUp();
    const id = `${uid}-bot-1`;
    await addPool({ name: poolOf(uid), bots: { [id]: 'RUNNING' }, ports: { [id]: 9007 } });
    const observed = await locatePooled(bots, uid);
    const elsewhere = await bots.readPort(id, { ...observed, host: 'nowhere' }, call());
    expect(elsewhere.status).toBe('unknown');
    const aborted = { signal: AbortSignal.abort() };
    expect((await bots.readPort(id, observed, aborted)).status).toBe('unknown');
  });

  test('a host with a bot or a pool of anybody: it holds containers of the platform', async () => {
    const { bots, addPool, addDedicated } = await createWorld();
    const [host = ''] = bots.hosts();
    const uid = newUid();
    await addDedicated({ instanceId: `${uid}-bot-3`, state: 'stopped' });
    expect(await bots.hasManaged(host, call())).toMatchObject({ status: 'ok', items: true });
    await addPool({ name: poolOf(uid), bots: {} });
    expect(await bots.hasManaged(host, call())).toMatchObject({ status: 'ok', items: true });
    expect(await bots.hasManaged('elsewhere', call())).toMatchObject({ status: 'unknown' });
  });

  test("the list: an owner's bots of both kinds, in any state, without those of another", async () => {
    const { bots, addDedicated, addPool, uid } = await setUp();
    const other = newUid();
    await addPool({
      name: poolOf(uid),
      bots: { [`${uid}-bot-1`]: 'RUNNING', [`${uid}-bot-2`]: 'STOPPED' },
    });
    await addPool({ name: poolOf(other), bots: { [`${other}-bot-1`]: 'RUNNING' } });
    await addDedicated({ instanceId: `${uid}-bot-3`, state: 'stopped', labels: { userId: uid } });
    await addDedicated({ instanceId: `${other}-bot-3`, labels: { userId: other } });
    const captured = await locateOne(bots, uid);
    await bots.stop(`${uid}-bot-1`, captured, call());
    const [listing] = await listAll(bots, uid);
    if (listing === undefined) throw new Error('no host was listed');
    const mine = itemsOf(listing.answer).filter(({ instanceId }) => instanceId.startsWith('uid-'));
    const observed = new Map(mine.map(({ instanceId, observedBot }) => [instanceId, observedBot]));
    expect(observed.get(`${uid}-bot-1`)).toMatchObject({ conf: 'aside', program: 'absent' });
    expect(observed.get(`${uid}-bot-2`)).toMatchObject({ conf: 'present', program: 'STOPPED' });
    expect(observed.get(`${uid}-bot-3`)).toMatchObject({ kind: 'dedicated', running: false });
    expect(observed.has(`${other}-bot-1`)).toBe(false);
    expect(observed.has(`${other}-bot-3`)).toBe(false);
    const [all] = await listAll(bots, null);
    const everybody = all === undefined ? [] : itemsOf(all.answer).map((bot) => bot.instanceId);
    expect(everybody).toEqual(expect.arrayContaining([`${uid}-bot-1`, `${other}-bot-3`]));
  });
}

/** What a host that is away hides; to be called beside `testBots`. */
export function testHostAway(createWorld: () => Promise<HalfAwayWorld>): void {
  const setUp = withUid(createWorld);

  test('a host is away: what the other one has is found all the same, and is not said to be all', async () => {
    const { bots, addPool, addDedicated, here, uid } = await setUp();
    await addPool({ name: poolOf(uid), bots: { [`${uid}-bot-1`]: 'RUNNING' } });
    await addDedicated({ instanceId: `${uid}-bot-2` });
    const pooled = { kind: 'pooled', host: here, containerName: poolOf(uid), program: 'RUNNING' };
    const dedicated = { kind: 'dedicated', host: here, running: true };
    expect(await bots.locate(queryFor(uid), call())).toMatchObject({
      status: 'unknown',
      found: [pooled],
    });
    expect(await bots.locate(query(uid, `${uid}-bot-2`), call())).toMatchObject({
      status: 'unknown',
      found: [dedicated],
    });
    const onlyHere = { ...queryFor(uid), dockerHost: here };
    expect(itemsOf(await bots.locate(onlyHere, call()))).toMatchObject([pooled]);
  });

  test('a host is away: of a bot that the other one does not have nobody says that it is nowhere', async () => {
    const { bots, addDedicated, here, away, uid } = await setUp();
    const nothing = { status: 'unknown', reason: expect.any(String), found: [] };
    expect(await bots.locate(queryFor(uid), call())).toMatchObject(nothing);
    await addDedicated({ instanceId: `${uid}-bot-1` });
    const onlyAway = { ...queryFor(uid), dockerHost: away };
    expect(await bots.locate(onlyAway, call())).toMatchObject(nothing);
    const onlyHere = { ...query(uid, `${uid}-bot-2`), dockerHost: here };
    expect(itemsOf(await bots.locate(onlyHere, call()))).toEqual([]);
  });
}

/** How new bots come up; to be called beside `testBots`. */
export function testStarts(createWorld: () => Promise<BotsWorld>): void {
  const setUp = withUid(createWorld);

  test("a new bot in a pool: seen running, found as its owner's, its neighbour runs on", async () => {
    const { bots, addPool, uid } = await setUp();
    await addPool({ name: poolOf(uid), bots: { [`${uid}-bot-1`]: 'RUNNING' } });
    const neighbour = await locateOne(bots, uid);
    const starting = call();
    const observed = await bots.start(orderFor(bots, uid, `${uid}-bot-2`), starting);
    expect(observed).toMatchObject({
      kind: 'pooled',
      containerName: poolOf(uid),
      poolRunning: true,
      conf: 'present',
      program: 'RUNNING',
    });
    expect(isUp(observed)).toBe(true);
    expect(starting.fences()).toBeGreaterThan(0);
    expect(await locateOne(bots, uid, `${uid}-bot-2`)).toEqual(observed);
    expect(await locateOne(bots, uid)).toEqual(neighbour);
  });

  test('started again: the same bot, and not a second time; then stopped, restored, removed', async () => {
    const { bots, addPool, uid } = await setUp();
    await addPool({ name: poolOf(uid), bots: {} });
    const order = orderFor(bots, uid);
    const observed = await bots.start(order, call());
    const again = call();
    expect(await bots.start(order, again)).toEqual(observed);
    expect(again.fences()).toBe(0);
    await bots.stop(order.instanceId, observed, call());
    await bots.restore(order.instanceId, observed, call());
    // STARTING for its first second.
    const restored = await observe(bots, uid, observed);
    expect(restored !== null && isUp(restored)).toBe(true);
    await bots.remove(order.instanceId, observed, call());
    expect(await observe(bots, uid, observed)).toBeNull();
  });

  test('a new bot in a container of its own: named, labelled, with its policy; started again: the same', async () => {
    const { bots, image, uid } = await setUp();
    const order = orderFor(bots, uid, `${uid}-bot-1`, { kind: 'dedicated', image });
    const observed = await bots.start(order, call());
    expect(observed).toMatchObject({
      kind: 'dedicated',
      containerName: `freqtrade-${uid}-bot-1`,
      labels: { instanceId: `${uid}-bot-1`, userId: uid },
      running: true,
      paused: false,
      restartPolicy: 'unless-stopped',
    });
    const again = call();
    expect(await bots.start(order, again)).toEqual(observed);
    expect(again.fences()).toBe(0);
    expect(await locateOne(bots, uid)).toEqual(observed);
    await bots.remove(order.instanceId, observed, call());
    expect(await observe(bots, uid, observed)).toBeNull();
  });

  test('no such pool, no such image, a name that is taken: never again, and nothing is made', async () => {
    const { bots, addDedicated, image, uid } = await setUp();
    await expectTerminal(bots.start(orderFor(bots, uid), call()), 'NO_SUCH_POOL');
    const missing = { kind: 'dedicated', image: `${uid}:none` } as const;
    const start = bots.start(orderFor(bots, uid, `${uid}-bot-1`, missing), call());
    await expectTerminal(start, 'NO_SUCH_IMAGE');
    expect(itemsOf(await bots.locate(queryFor(uid), call()))).toEqual([]);
    await addDedicated({ instanceId: `${uid}-bot-1`, labels: { userId: 'somebody-else' } });
    const before = await locateOne(bots, uid);
    const taken = orderFor(bots, uid, `${uid}-bot-1`, { kind: 'dedicated', image });
    await expectTerminal(bots.start(taken, call()), 'NAME_TAKEN');
    expect(await locateOne(bots, uid)).toEqual(before);
  });

  test('a pool that does not run: refused for now; a host that is not configured: unavailable', async () => {
    const { bots, addPool, stopPool, uid } = await setUp();
    await addPool({ name: poolOf(uid), bots: {} });
    await stopPool(poolOf(uid));
    const start = bots.start(orderFor(bots, uid), call());
    await expect(start).rejects.toMatchObject({ code: 'POOL_NOT_RUNNING' });
    await expect(start).rejects.toBeInstanceOf(RetryableError);
    const elsewhere = orderFor(bots, uid);
    const order = { ...elsewhere, place: { ...elsewhere.place, host: 'nowhere' } };
    await expect(bots.start(order, call())).rejects.toThrow(UnavailableError);
  });

  test('a pool whose supervisord is dead: in doubt, and nothing counts as started', async () => {
    const { bots, addPool, muteSupervisord, uid } = await setUp();
    await addPool({ name: poolOf(uid), bots: {} });
    await muteSupervisord(poolOf(uid));
    await expect(bots.start(orderFor(bots, uid), call())).rejects.toBeInstanceOf(SagaError);
  });

  test('a fence that refuses, at once or in the middle: nothing after it, and a repeat makes it whole', async () => {
    const { bots, addPool, image, uid } = await setUp();
    await addPool({ name: poolOf(uid), bots: {} });
    await expect(bots.start(orderFor(bots, uid), fenced())).rejects.toThrow(FencedError);
    const own = orderFor(bots, uid, `${uid}-bot-3`, { kind: 'dedicated', image });
    await expect(bots.start(own, fenced())).rejects.toThrow(FencedError);
    for (const id of [`${uid}-bot-1`, `${uid}-bot-3`]) {
      expect(itemsOf(await bots.locate(query(uid, id), call()))).toEqual([]);
    }
    for (const passes of [1, 2, 3, 4, 5, 6]) {
      await bots.start(orderFor(bots, uid), fenced(passes)).catch((error: unknown) => {
        expect(error).toBeInstanceOf(FencedError);
      });
    }
    await bots.start(own, fenced(1)).catch((error: unknown) => {
      expect(error).toBeInstanceOf(FencedError);
    });
    expect(isUp(await bots.start(orderFor(bots, uid), call()))).toBe(true);
    expect(isUp(await bots.start(own, call()))).toBe(true);
  });

  test('five new bots in one pool at once: each of them runs', async () => {
    const { bots, addPool, uid } = await setUp();
    await addPool({ name: poolOf(uid), bots: {} });
    const ids = [1, 2, 3, 4, 5].map((n) => `${uid}-bot-${n}`);
    const observed = await Promise.all(
      ids.map((id, n) => {
        const { place, ...order } = orderFor(bots, uid, id);
        return bots.start({ ...order, place: { ...place, port: 9000 + n } as BotPlace }, call());
      }),
    );
    expect(observed.every(isUp)).toBe(true);
  });

  test('pools by their names: each with its host and whether it runs; what is not there is not named', async () => {
    const { bots, addPool, stopPool, uid } = await setUp();
    const [host] = bots.hosts();
    const other = `freqtrade-pool-${uid}-pool-2`;
    await addPool({ name: poolOf(uid), bots: {} });
    await addPool({ name: other, bots: {} });
    await stopPool(other);
    const names = [poolOf(uid), other, `freqtrade-pool-${uid}-pool-11`];
    const { pools, unknown } = await bots.findPools(names, call());
    expect(unknown).toEqual([]);
    expect(pools.toSorted((a, b) => a.containerName.localeCompare(b.containerName))).toEqual([
      { host, containerName: poolOf(uid), running: true },
      { host, containerName: other, running: false },
    ]);
    expect(await bots.findPools([], call())).toEqual({ pools: [], unknown: [] });
  });

  test('the bots of one pool, running or not', async () => {
    const { bots, addPool, stopPool, uid } = await setUp();
    const [host = ''] = bots.hosts();
    const [first, second] = [`${uid}-bot-1`, `${uid}-bot-2`];
    await addPool({ name: poolOf(uid), bots: { [first]: 'RUNNING', [second]: 'STOPPED' } });
    const pool = { host, containerName: poolOf(uid) };
    const programs = async () =>
      itemsOf(await bots.listPool(pool, call()))
        .map(({ instanceId, observedBot: { program } }) => `${instanceId} ${program}`)
        .toSorted();
    expect(await programs()).toEqual([`${first} RUNNING`, `${second} STOPPED`]);
    await stopPool(poolOf(uid));
    expect(await programs()).toHaveLength(2);
  });

  test('a pool that is gone, cannot be asked, or holds a program of nobody, is unknown and not empty (I4)', async () => {
    const { bots, addPool, addStranger, muteSupervisord } = await createWorld();
    const [uid, other] = [newUid(), newUid()];
    const [host = ''] = bots.hosts();
    for (const owner of [uid, other]) await addPool({ name: poolOf(owner), bots: {} });
    await addStranger(poolOf(uid), 'somebody-s');
    await muteSupervisord(poolOf(other));
    for (const owner of [uid, other]) {
      const answer = await bots.listPool({ host, containerName: poolOf(owner) }, call());
      expect(answer.status).toBe('unknown');
    }
    const gone = { host, containerName: `freqtrade-pool-${uid}-pool-11` };
    expect((await bots.listPool(gone, call())).status).toBe('unknown');
  });
}

function orderFor(
  bots: Bots,
  uid: string,
  instanceId = `${uid}-bot-1`,
  dedicated: { readonly kind: 'dedicated'; readonly image: string } | null = null,
): StartOrder {
  const [host = ''] = bots.hosts();
  const pooled = {
    kind: 'pooled',
    poolId: `${uid}-pool-1`,
    containerName: poolOf(uid),
    port: 9000,
  } as const;
  return {
    instanceId: toInstanceId(instanceId),
    userId: toUserId('00000000000000000000000a'),
    firebaseUid: toFirebaseUid(uid),
    place: { host, ...(dedicated ?? pooled) },
  };
}

async function expectTerminal(start: Promise<unknown>, code: string): Promise<void> {
  await expect(start).rejects.toMatchObject({ code });
  await expect(start).rejects.toBeInstanceOf(TerminalError);
}

/** A call whose fence always passes and counts how often it was asked. */
export function call(): FencedCall & { readonly fences: () => number } {
  let count = 0;
  return {
    signal: new AbortController().signal,
    fence: async () => {
      count++;
    },
    fences: () => count,
  };
}

/** A call whose fence refuses, at once or after it has passed a few times. */
function fenced(passes = 0): FencedCall {
  let left = passes;
  return {
    signal: new AbortController().signal,
    fence: async () => {
      if (left-- <= 0) throw new FencedError('del-0000000000', 1);
    },
  };
}

/** A world, and a user of the test's own in it. */
export function withUid<World>(createWorld: () => Promise<World>) {
  return async () => ({ ...(await createWorld()), uid: newUid() });
}

/** New in every test, so that tests share an engine without meeting. */
export function newUid(): string {
  return `uid-${randomBytes(5).toString('hex')}`;
}

export function poolOf(uid: string): string {
  return `freqtrade-pool-${uid}-pool-1`;
}

export function query(firebaseUid: string | null, instanceId: string): BotQuery {
  return { instanceId, firebaseUid, poolContainers: [] };
}

export function queryFor(uid: string): BotQuery {
  return query(uid, `${uid}-bot-1`);
}

/** @throws when the answer is unknown: then there is nothing to read. */
export function itemsOf<T>(answer: SourceAnswer<T>): T {
  if (answer.status === 'ok') return answer.items;
  throw new Error(`the source does not know: ${answer.reason}`);
}

export async function locateOne(
  bots: Bots,
  uid: string,
  instanceId = `${uid}-bot-1`,
): Promise<ObservedBot> {
  const [observed, ...others] = itemsOf(await bots.locate(query(uid, instanceId), call()));
  if (observed === undefined || others.length > 0)
    throw new Error(`not one sighting of ${instanceId}`);
  return observed;
}

async function locatePooled(bots: Bots, uid: string): Promise<ObservedPooled> {
  const observed = await locateOne(bots, uid);
  if (observed.kind === 'pooled') return observed;
  throw new Error('it is in no pool');
}

export async function observe(
  bots: Bots,
  uid: string,
  observed: ObservedBot,
  instanceId = `${uid}-bot-1`,
): Promise<ObservedBot | null> {
  return itemsOf(await bots.observe(instanceId, observed, call()));
}
