// Changes of the statuses `running`, `stopped` and `failed` in the pool state, each only where the entry still holds
// what it was decided from: one that was taken out, or made again, meanwhile is not touched, and none is ever made.

import { type BotMapping, ownValue, type Pool, type PoolState } from './pool-state.ts';

export interface BotStatusChange {
  readonly instanceId: string;
  /** The mapping it was decided from. */
  readonly observed: BotMapping;
  readonly to: 'running' | 'failed';
}

export interface PoolStatusChange {
  /** Its key in `pools`. */
  readonly key: string;
  readonly observed: Pool;
  readonly to: 'running' | 'stopped' | 'failed';
}

export interface StatusChanges {
  readonly bots: readonly BotStatusChange[];
  readonly pools: readonly PoolStatusChange[];
}

/** The same object when nothing of it applies. */
export function applyStatuses(state: PoolState, changes: StatusChanges): PoolState {
  const pools = changes.pools.filter(({ key, observed }) =>
    isSamePool(ownValue(state.pools, key), observed),
  );
  const bots = changes.bots.filter(({ instanceId, observed }) =>
    isSameMapping(ownValue(state.botMapping, instanceId), observed),
  );
  if (pools.length + bots.length === 0) return state;
  return {
    ...state,
    pools: withStatus(
      state.pools,
      pools.map(({ key, to }) => [key, to]),
    ),
    botMapping: withStatus(
      state.botMapping,
      bots.map(({ instanceId, to }) => [instanceId, to]),
    ),
  };
}

function isSameMapping(found: BotMapping | undefined, observed: BotMapping): boolean {
  return (
    found !== undefined &&
    found.status === observed.status &&
    found.poolId === observed.poolId &&
    found.containerName === observed.containerName &&
    found.userId === observed.userId &&
    found.createdAt === observed.createdAt
  );
}

function isSamePool(found: Pool | undefined, observed: Pool): boolean {
  return (
    found !== undefined &&
    found.status === observed.status &&
    found.containerName === observed.containerName &&
    found.createdAt === observed.createdAt
  );
}

function withStatus<T extends { readonly status: string }>(
  record: Readonly<Record<string, T>>,
  changes: readonly (readonly [key: string, status: string])[],
): Readonly<Record<string, T>> {
  if (changes.length === 0) return record;
  const changed = changes.flatMap(([key, status]) => {
    const found = ownValue(record, key);
    return found === undefined ? [] : [[key, { ...found, status }] as const];
  });
  return { ...record, ...Object.fromEntries(changed) };
}
