// The words of a round against whoever comes to a bot between the observation and the lock.

import { expect, it } from 'vitest';
import { toSagaId } from '../../packages/saga/src/saga-id.ts';
import { toInstanceId, toUserId } from '../../src/domain/ids.ts';
import { writeStatuses } from '../../src/health/write-statuses.ts';
import type { PoolState } from '../../src/pool-state/pool-state.ts';
import { NOTHING_OBSERVED } from '../../src/tombstones/tombstones.ts';
import { sampleMapping, samplePool } from '../support/pool-state-samples.ts';

const USER = toUserId('00000000000000000000000a');
const IDS = ['uid-a-bot-1', 'uid-a-bot-2', 'uid-a-bot-3'].map(toInstanceId);

it('a saga and a tombstone that came after the observation: theirs stay as they are, the rest is written', async () => {
  const pool = samplePool('uid-a', IDS);
  let state: PoolState = {
    pools: { [pool.id]: pool },
    botMapping: Object.fromEntries(
      IDS.map((id, slot) => [id, { ...sampleMapping('uid-a', id, slot), status: 'failed' }]),
    ),
    nextPoolId: 2,
    updatedAt: '2026-11-01T00:00:00.000Z',
  };
  const [held, buried, free] = IDS;
  const writes: PoolState[] = [];
  const order = {
    pools: [{ key: pool.id, observed: pool, to: 'failed' as const }],
    bots: IDS.flatMap((instanceId) => {
      const observed = state.botMapping[instanceId];
      if (observed === undefined) return [];
      return [{ instanceId, observed, to: 'running' as const, bot: { userId: USER, instanceId } }];
    }),
  };

  const written = await writeStatuses(
    {
      sagas: {
        findHolders: async () => new Map([[`bot/${USER}/${held}`, toSagaId('del-0123456789')]]),
      },
      tombstones: {
        findForBot: async (userId, instanceId) =>
          instanceId !== buried
            ? []
            : [
                {
                  incarnation: { userId, instanceId, incarnationId: 'none:x' },
                  sagaId: toSagaId('del-0123456789'),
                  ...{ epoch: 1, firebaseUid: null, status: 'settled', ...NOTHING_OBSERVED },
                  ...{ observedAtRest: true, openedAt: new Date(0) },
                  ...{ slot: null, hadAllocation: true, attempts: 0, lastReason: null },
                },
              ],
      },
      wallets: { readAllocation: async () => ({ status: 'absent', firebaseUid: null }) },
      poolStates: {
        mutate: async ({ change, fence }) => {
          await fence();
          const after = change(state);
          const changed = after !== state;
          state = after;
          writes.push(after);
          return { state, changed };
        },
      },
    },
    order,
    { signal: new AbortController().signal },
  );

  expect(written.map(({ instanceId }) => instanceId)).toEqual([free]);
  expect(IDS.map((id) => state.botMapping[id]?.status)).toEqual(['failed', 'failed', 'running']);
  expect(state.pools[pool.id]?.status).toBe('failed');
  expect(writes).toHaveLength(1);
});
