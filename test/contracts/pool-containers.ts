// The contract of the port PoolContainers, run on Docker and on the simulator alike: the simulator must never be kinder.

import { expect, test } from 'vitest';
import { FencedError } from '../../packages/saga/src/errors.ts';
import type { Bots } from '../../src/bots/bots.ts';
import type { PoolContainers } from '../../src/bots/pool-containers.ts';
import type { ObservedPooled } from '../../src/domain/bot.ts';
import { call, withUid } from './bots.ts';

export interface PoolContainersWorld {
  readonly bots: Bots & PoolContainers;
  /** FATAL: it has ended at once, and does so again while `isMended` was not called. */
  addPool(
    name: string,
    bots: Readonly<Record<string, 'RUNNING' | 'STOPPED' | 'FATAL'>>,
  ): Promise<void>;
  /** @param name of its container; default: its own. */
  addDedicated(
    instanceId: string,
    state: 'running' | 'stopped' | 'paused',
    name?: string,
  ): Promise<void>;
  setPool(name: string, to: 'stopped' | 'mute'): Promise<void>;
  /** Programs of this pool that end at once come up from now on. */
  mend(name: string): Promise<void>;
  /** The bot's conf file is put aside, as a deletion does it. */
  putAside(name: string, instanceId: string): Promise<void>;
}

/** Defines the suite's tests; to be called inside a describe. `createWorld` is called in each test. */
export function testPoolContainers(createWorld: () => Promise<PoolContainersWorld>): void {
  const setUp = withUid(createWorld);

  test('pools and containers in every state: each told, what is nowhere is absent', async () => {
    const { bots, addPool, addDedicated, setPool, uid } = await setUp();
    const pools = ['up', 'down', 'mute', 'nowhere'].map((name) => poolOf(uid, name));
    const [up = '', down = '', mute = '', nowhere = ''] = pools;
    await addPool(up, { [`${uid}-bot-1`]: 'RUNNING', [`${uid}-bot-2`]: 'STOPPED' });
    for (const name of [down, mute]) await addPool(name, {});
    await setPool(down, 'stopped');
    await setPool(mute, 'mute');
    await addDedicated(`${uid}-bot-8`, 'running');
    await addDedicated(`${uid}-bot-9`, 'stopped');
    await addDedicated(`${uid}-bot-10`, 'paused');
    const dedicated = [8, 9, 10].map((n) => `freqtrade-${uid}-bot-${n}`);

    const observations = await bots.observeAll(
      { pools: pools.map(expecting([])), dedicated },
      call(),
    );

    expect([...observations.keys()].sort()).toEqual([...pools, ...dedicated].sort());
    expect(observations.get(up)).toMatchObject({ status: 'running' });
    const observed = observations.get(up);
    expect(observed?.status === 'running' ? new Map(observed.programs) : null).toEqual(
      new Map([
        [`${uid}-bot-1`, 'RUNNING'],
        [`${uid}-bot-2`, 'STOPPED'],
      ]),
    );
    expect(observations.get(down)).toMatchObject({ status: 'not-running', how: 'exited' });
    expect(observations.get(mute)).toMatchObject({ status: 'unknown' });
    expect(observations.get(nowhere)).toEqual({ status: 'absent' });
    expect(observations.get(dedicated[0] ?? '')).toMatchObject({ status: 'running' });
    expect(observations.get(dedicated[1] ?? '')).toMatchObject({
      status: 'not-running',
      how: 'exited',
    });
    expect(observations.get(dedicated[2] ?? '')).toMatchObject({
      status: 'not-running',
      how: 'paused',
    });
  });

  test('a container of another name that holds the one asked for: in doubt, not absent', async () => {
    const { bots, addDedicated, uid } = await setUp();
    const [own, other] = [`${uid}-bot-1`, `${uid}-bot-2`];
    await addDedicated(own, 'running', `0123456789ab_freqtrade-${own}`);
    const dedicated = [own, other].map((id) => `freqtrade-${id}`);
    const observations = await bots.observeAll({ pools: [], dedicated }, call());
    expect(dedicated.map((name) => observations.get(name)?.status)).toEqual(['unknown', 'absent']);
  });

  test('a pool that is asked for as a bot’s own container: in doubt, whether it runs or not', async () => {
    const { bots, addPool, setPool, uid } = await setUp();
    const [up = '', down = ''] = ['up', 'down'].map((name) => poolOf(uid, name));
    await addPool(up, { [`${uid}-bot-1`]: 'FATAL' });
    await addPool(down, {});
    await setPool(down, 'stopped');
    const observations = await bots.observeAll({ pools: [], dedicated: [up, down] }, call());
    expect([up, down].map((name) => observations.get(name)?.status)).toEqual([
      'unknown',
      'unknown',
    ]);
  });

  test('nobody to observe: nothing, and the daemon is not asked for everything', async () => {
    const { bots } = await createWorld();
    expect(await bots.observeAll({ pools: [], dedicated: [] }, call())).toEqual(new Map());
  });

  test('a program that has failed: started, and seen so; one that dies again is at rest again', async () => {
    const { bots, addPool, mend, uid } = await setUp();
    const pool = poolOf(uid, 'one');
    const bot = `${uid}-bot-1`;
    await addPool(pool, { [bot]: 'FATAL' });
    const observed = await locate(bots, uid, bot);
    const started = call();
    expect(await bots.restart(bot, observed, started)).toBe('failed');
    expect(started.fences()).toBe(1);
    await mend(pool);
    expect(await bots.restart(bot, observed, call())).toBe('started');
    expect((await locate(bots, uid, bot)).program).toMatch(/^(STARTING|RUNNING)$/);
    expect(await bots.restart(bot, observed, call())).toBe('not-needed');
  });

  test('stopped by somebody, conf put aside, pool down: left as it is, and nothing is sent', async () => {
    const { bots, addPool, putAside, setPool, uid } = await setUp();
    const pool = poolOf(uid, 'one');
    const [stopped, aside] = [`${uid}-bot-1`, `${uid}-bot-2`];
    await addPool(pool, { [stopped]: 'STOPPED', [aside]: 'FATAL' });
    const observed = await locate(bots, uid, stopped);
    const quiet = call();
    expect(await bots.restart(stopped, observed, quiet)).toBe('not-needed');
    await putAside(pool, aside);
    expect(await bots.restart(aside, observed, quiet)).toBe('gone');
    expect(await bots.restart(`${uid}-bot-3`, observed, quiet)).toBe('gone');
    await setPool(pool, 'stopped');
    expect(await bots.restart(stopped, observed, quiet)).toBe('not-needed');
    expect(quiet.fences()).toBe(0);
  });

  test('a fence that refuses: nothing is started (I5)', async () => {
    const { bots, addPool, mend, uid } = await setUp();
    const pool = poolOf(uid, 'one');
    const bot = `${uid}-bot-1`;
    await addPool(pool, { [bot]: 'FATAL' });
    const observed = await locate(bots, uid, bot);
    await mend(pool);
    const fence = () => Promise.reject(new FencedError('rst-x', 1));
    await expect(bots.restart(bot, observed, { ...call(), fence })).rejects.toThrow(FencedError);
    expect((await locate(bots, uid, bot)).program).toBe('FATAL');
  });
}

async function locate(bots: Bots, uid: string, instanceId: string): Promise<ObservedPooled> {
  const query = { instanceId, firebaseUid: null, poolContainers: [poolOf(uid, 'one')] };
  const answer = await bots.locate(query, call());
  const [observed] = answer.status === 'ok' ? answer.items : [];
  if (observed?.kind !== 'pooled') throw new Error(`${instanceId} was not found in its pool`);
  return observed;
}

function expecting(bots: readonly string[]) {
  return (containerName: string) => ({ containerName, bots });
}

function poolOf(uid: string, name: string): string {
  return `freqtrade-pool-${uid}${name}-pool-1`;
}
