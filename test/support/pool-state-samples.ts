// Pool states in the platform's format, for the tests of what reads and changes them.

import type { BotMapping, Pool, PoolState } from '../../src/pool-state/pool-state.ts';

/** A state with `bots` bots named `uid-<pool>-bot-<n>`, three to a pool, each with its mapping. */
export function samplePoolState(bots: number): PoolState {
  const pools: Record<string, Pool> = {};
  const botMapping: Record<string, BotMapping> = {};
  for (let first = 0; first < bots; first += 3) {
    const uid = `uid-${first / 3}`;
    const members = [1, 2, 3].slice(0, bots - first).map((n) => `${uid}-bot-${n}`);
    const pool = samplePool(uid, members);
    pools[pool.id] = pool;
    members.forEach((instanceId, slotIndex) => {
      botMapping[instanceId] = sampleMapping(uid, instanceId, slotIndex);
    });
  }
  const updatedAt = '2026-11-01T00:00:00.000Z';
  return { pools, botMapping, nextPoolId: 1, updatedAt, platformVersion: '2.4' };
}

export function samplePool(uid: string, bots: readonly string[]): Pool {
  return {
    id: `${uid}-pool-1`,
    userId: uid,
    containerName: `freqtrade-pool-${uid}-pool-1`,
    basePort: 9000,
    capacity: 3,
    bots,
    status: 'running',
    createdAt: '2026-10-02T09:29:00.000Z',
    poolDir: `pools/${uid}-pool-1`,
    metrics: { memoryUsageMB: 210, cpuPercent: 1.5, lastUpdated: '2026-11-01T00:00:00.000Z' },
  };
}

export function sampleMapping(uid: string, instanceId: string, slotIndex: number): BotMapping {
  return {
    poolId: `${uid}-pool-1`,
    containerName: `freqtrade-pool-${uid}-pool-1`,
    host: `freqtrade-pool-${uid}-pool-1`,
    slotIndex,
    port: 9000 + slotIndex,
    status: 'running',
    instanceId,
    userId: uid,
    createdAt: '2026-10-02T09:30:00.000Z',
  };
}
