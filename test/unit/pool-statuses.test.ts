import { describe, expect, it } from 'vitest';
import { rosterOf } from '../../src/pool-state/pool-roster.ts';
import type { PoolState } from '../../src/pool-state/pool-state.ts';
import { applyStatuses } from '../../src/pool-state/pool-statuses.ts';
import { sampleMapping, samplePool } from '../support/pool-state-samples.ts';

const BOT = 'uid-a-bot-1';
const POOL = samplePool('uid-a', [BOT]);
const MAPPING = { ...sampleMapping('uid-a', BOT, 0), status: 'failed', extra: 'kept' };
const STATE: PoolState = {
  pools: { [POOL.id]: POOL },
  botMapping: { [BOT]: MAPPING },
  nextPoolId: 2,
  updatedAt: '2026-11-01T00:00:00.000Z',
  platformVersion: '2.4',
};
const TO_RUNNING = { instanceId: BOT, observed: MAPPING, to: 'running' } as const;
const TO_STOPPED = { key: POOL.id, observed: POOL, to: 'stopped' } as const;

describe('writing statuses', () => {
  it('an entry as it was seen: its word alone changes', () => {
    const after = applyStatuses(STATE, { bots: [TO_RUNNING], pools: [TO_STOPPED] });
    expect(after).toEqual({
      ...STATE,
      pools: { [POOL.id]: { ...POOL, status: 'stopped' } },
      botMapping: { [BOT]: { ...MAPPING, status: 'running' } },
    });
  });

  it('an entry that was taken out, made again or told otherwise meanwhile: the same object', () => {
    const states: readonly PoolState[] = [
      { ...STATE, botMapping: {} },
      { ...STATE, botMapping: { [BOT]: { ...MAPPING, status: 'stopped' } } },
      { ...STATE, botMapping: { [BOT]: { ...MAPPING, createdAt: '2026-11-02T00:00:00.000Z' } } },
      { ...STATE, botMapping: { [BOT]: { ...MAPPING, poolId: 'another' } } },
      { ...STATE, botMapping: { [BOT]: { ...MAPPING, userId: 'uid-b' } } },
    ];
    for (const state of states) {
      expect(applyStatuses(state, { bots: [TO_RUNNING], pools: [] })).toBe(state);
    }
    const gone = { ...STATE, pools: {} };
    expect(applyStatuses(gone, { bots: [], pools: [TO_STOPPED] })).toBe(gone);
  });

  it('ids that are names of properties: data all the same', () => {
    const change = { ...TO_RUNNING, instanceId: 'constructor' };
    expect(applyStatuses(STATE, { bots: [change], pools: [] })).toBe(STATE);
  });
});

describe('the roster', () => {
  it('a mapping before a list; a list alone; a container of its own; two owners: both are named', () => {
    const listed = samplePool('uid-b', ['uid-b-bot-1', BOT]);
    const mapped = { ...sampleMapping('uid-x', 'uid-x-bot-1', 1), poolId: POOL.id };
    const own = { ...sampleMapping('uid-c', 'uid-c-bot-1', 0), poolId: 'dedicated' };
    const { pools, dedicated } = rosterOf({
      ...STATE,
      pools: { [POOL.id]: POOL, [listed.id]: listed },
      botMapping: { [BOT]: MAPPING, 'uid-x-bot-1': mapped, 'uid-c-bot-1': own },
    });
    const short = pools.map(({ key, bots }) => [
      key,
      bots.map(({ instanceId, owners }) => [instanceId, owners]),
    ]);
    expect(short).toEqual([
      [
        POOL.id,
        [
          [BOT, ['uid-a']],
          ['uid-x-bot-1', ['uid-x', 'uid-a']],
        ],
      ],
      [listed.id, [['uid-b-bot-1', ['uid-b']]]],
    ]);
    expect(dedicated).toMatchObject([
      { instanceId: 'uid-c-bot-1', poolKey: null, owners: ['uid-c'] },
    ]);
  });
});
